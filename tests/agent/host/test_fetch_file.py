"""Downloads from a real server on the loopback."""

import errno
import hashlib
import os
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.agent.host.conftest import NOBODY, World, as_nobody, needs_root, open_to_all
from tests.agent.host.file_server import FileServer, answer_of, redirect_to, serving
from vigo.agent.host import fetch_file as module
from vigo.agent.host.web_fetch import fetch
from vigo.catalog.ops.fetch_file import FetchFile
from vigo.core.errors import BlockedError, InvalidError, TimedOutError, TooLargeError, UnavailableError, VigoError
from vigo.testing.fake_pki import FakeCa

CONTENT = bytes(range(256)) * 4096


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as one:
        yield one


@pytest.fixture
def folder(world: World) -> Path:
    (world.root / "srv").mkdir()
    return world.root / "srv"


def fetching(url: str, **more: Any) -> FetchFile:
    return FetchFile(**{"url": url, "path": "/srv/file", "sha256": sha256(CONTENT), **more})


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_the_known_file_gets_its_place_with_its_mode_and_owner(world: World, folder: Path, server: FileServer) -> None:
    owner = 7 if os.geteuid() == 0 else None
    world.execute(fetching(server.serve("/file", CONTENT), mode=0o4750, uid=owner))
    found = (folder / "file").stat()
    assert (folder / "file").read_bytes() == CONTENT
    assert found.st_mode & 0o7777 == 0o4750
    assert found.st_uid == (os.geteuid() if owner is None else owner)
    assert names(folder) == ["file"]


def test_a_file_that_is_replaced_keeps_its_mode_and_owner_where_none_is_declared(
    world: World, folder: Path, server: FileServer
) -> None:
    (folder / "file").write_text("old")
    (folder / "file").chmod(0o640)
    if os.geteuid() == 0:
        os.chown(folder / "file", 7, 8)
    former = (folder / "file").stat()
    world.execute(fetching(server.serve("/file", CONTENT)))
    found = (folder / "file").stat()
    assert (found.st_mode, found.st_uid, found.st_gid) == (former.st_mode, former.st_uid, former.st_gid)
    assert found.st_ino != former.st_ino


def test_only_the_agent_can_read_what_is_not_accepted_yet(
    world: World, folder: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    require = module.require_digest

    def looked(*given: str) -> None:
        modes.extend(one.stat().st_mode & 0o777 for one in folder.iterdir())
        require(*given)

    monkeypatch.setattr(module, "require_digest", looked)
    world.execute(fetching(server.serve("/file", CONTENT), mode=0o777))
    assert modes == [0o600]


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT + b"x", b"<html>not found</html>"])
def test_another_file_is_not_kept_and_the_former_one_stays(
    content: bytes, world: World, folder: Path, server: FileServer
) -> None:
    (folder / "file").write_text("former")
    with pytest.raises(InvalidError, match=f"found {sha256(content)}; nothing was kept"):
        world.execute(fetching(server.serve("/file", content)))
    assert (folder / "file").read_text() == "former"
    assert names(folder) == ["file"]


@pytest.mark.parametrize(
    "answer",
    [
        answer_of(CONTENT[:-1], length=len(CONTENT)),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
        b"garbage\r\n\r\n",
        b"",
    ],
    ids=["cut", "cut in a chunk", "no chunk", "404", "500", "garbage", "nothing"],
)
def test_a_download_that_ends_too_early_leaves_nothing_and_is_tried_again(
    answer: bytes, world: World, folder: Path, server: FileServer
) -> None:
    server.answers["/file"] = answer
    with pytest.raises(BlockedError):
        world.execute(fetching(f"{server.origin}/file"))
    assert names(folder) == []
    world.execute(fetching(server.serve("/file", CONTENT)))
    assert names(folder) == ["file"]


def dripping(connection: socket.socket) -> None:
    """Send one byte after the other until the other side has enough of it."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    never = threading.Event()
    while True:
        connection.sendall(b"x")
        never.wait(0.01)


def dripping_headers(connection: socket.socket) -> None:
    """The same within the headers."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    never = threading.Event()
    while True:
        connection.sendall(b"x")
        never.wait(0.01)


@pytest.mark.parametrize("answer", [dripping, dripping_headers])
def test_who_drips_ends_with_the_time(answer: Any, world: World, folder: Path, server: FileServer) -> None:
    server.answers["/file"] = answer
    with pytest.raises(TimedOutError, match="too slow"):
        world.execute(fetching(f"{server.origin}/file", timeout=timedelta(seconds=0.3)))
    assert names(folder) == []


@pytest.mark.parametrize("answer", [dripping, dripping_headers])
def test_who_drips_over_tls_ends_with_the_time_too(answer: Any, tmp_path: Path) -> None:
    ca, context = FakeCa(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (tmp_path / "server.pem").write_text(ca.server_pem(("127.0.0.1",)))
    context.load_cert_chain(tmp_path / "server.pem")
    with serving(context) as server:
        server.answers["/file"] = answer
        url, within = f"https://127.0.0.1:{server.port}/file", timedelta(seconds=0.5)
        with pytest.raises(TimedOutError, match="too slow"):
            fetch(url, max_bytes=1000, within=within, tls=ssl.create_default_context(cadata=ca.pem))
        assert len(server.asked) == 1


def test_who_never_ends_is_cut_at_the_largest_size(
    world: World, folder: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(CONTENT)

    monkeypatch.setattr(module, "MAX_DOWNLOAD_BYTES", 3_000_000)
    server.answers["/file"] = endless
    with pytest.raises(TooLargeError, match="at most 3000000 bytes"):
        world.execute(fetching(f"{server.origin}/file"))
    assert names(folder) == []


def test_redirects_are_followed_a_few_times_and_bring_no_credentials(
    world: World, folder: Path, server: FileServer
) -> None:
    server.answers["/file"] = redirect_to("/moved")
    server.serve("/moved", CONTENT)
    world.execute(fetching(f"{server.origin}/file"))
    assert (folder / "file").read_bytes() == CONTENT
    assert not any("authorization" in request.lower() or "cookie" in request.lower() for request in server.asked)
    server.answers["/loop"] = redirect_to("/loop")
    with pytest.raises(BlockedError):
        world.execute(fetching(f"{server.origin}/loop"))
    assert len(server.asked) < 12


def test_a_redirect_to_this_machine_is_refused_where_the_url_does_not_name_it(
    world: World, folder: Path, server: FileServer
) -> None:
    server.answers["/file"] = redirect_to(server.serve("/inner", CONTENT))
    with pytest.raises(InvalidError, match="another machine"):
        world.execute(fetching(f"http://localhost:{server.port}/file"))
    assert names(folder) == []


def test_an_error_shows_the_host_and_nothing_behind_it(world: World, folder: Path, server: FileServer) -> None:
    errors = []
    for path in ("/missing?token=canary", "/other?token=canary"):
        server.serve("/other?token=canary", b"other")
        with pytest.raises(VigoError) as caught:
            world.execute(fetching(f"{server.origin}{path}"))
        errors.append(str(caught.value))
    assert "canary" not in "".join(errors)
    assert all(f"127.0.0.1:{server.port}" in one for one in errors)
    assert folder.is_dir()


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_what_a_killed_run_left_goes_with_the_next(world: World, folder: Path, server: FileServer) -> None:
    ready, release = threading.Event(), threading.Event()

    def half(connection: socket.socket) -> None:
        connection.sendall(answer_of(CONTENT[:100_000], length=len(CONTENT)))
        ready.set()
        release.wait(30)

    server.answers["/file"] = half
    child = os.fork()
    if child == 0:
        try:
            world.execute(fetching(f"{server.origin}/file"))
        finally:
            os._exit(0)
    assert ready.wait(30)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    release.set()
    (left,) = names(folder)
    assert left.startswith(".vigo-new-")
    world.execute(fetching(server.serve("/file", CONTENT)))
    assert names(folder) == ["file"]


def test_a_symlink_is_replaced_and_not_written_through(world: World, folder: Path, server: FileServer) -> None:
    (folder / "file").symlink_to(world.outside / "canary")
    world.execute(fetching(server.serve("/file", CONTENT), mode=0o600))
    assert not (folder / "file").is_symlink()
    assert (world.outside / "canary").read_text() == "canary"


def test_a_directory_and_a_hard_link_are_not_replaced(world: World, folder: Path, server: FileServer) -> None:
    url = server.serve("/file", CONTENT)
    (folder / "other").write_text("mine")
    (folder / "file").hardlink_to(folder / "other")
    with pytest.raises(UnavailableError, match="found one with 2"):
        world.execute(fetching(url))
    (folder / "file").unlink()
    (folder / "file").mkdir()
    with pytest.raises(UnavailableError, match="found a directory"):
        world.execute(fetching(url))
    assert server.asked == []
    assert names(folder) == ["file", "other"]


def test_a_full_disk_leaves_the_former_file(
    world: World, folder: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (folder / "file").write_text("former")
    monkeypatch.setattr(module, "write_all", full)
    with pytest.raises(BlockedError, match="free some space"):
        world.execute(fetching(server.serve("/file", CONTENT)))
    assert (folder / "file").read_text() == "former"
    assert names(folder) == ["file"]


def test_another_user_cannot_swap_a_folder_for_a_link_elsewhere(world: World, folder: Path, server: FileServer) -> None:
    needs_root("to have another user's symlink")
    (folder / "theirs").mkdir()
    (folder / "theirs").rmdir()
    (folder / "theirs").symlink_to("/etc")
    (world.root / "etc").mkdir()
    os.chown(folder / "theirs", NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(UnavailableError, match="symlink of uid"):
        world.execute(fetching(server.serve("/file", CONTENT), path="/srv/theirs/file"))
    assert names(world.root / "etc") == []


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_an_agent_without_rights_downloads_what_is_its_own(world: World, folder: Path, server: FileServer) -> None:
    needs_root("to become another user")
    open_to_all(world.root.parent)
    world.root.chmod(0o755)
    os.chown(folder, NOBODY, NOBODY)
    url = server.serve("/file", CONTENT)
    assert as_nobody(lambda: world.execute(fetching(url, mode=0o700))) is None
    assert (folder / "file").stat().st_uid == NOBODY
    refused = as_nobody(lambda: world.execute(fetching(url, path="/srv/other", uid=0)))
    assert isinstance(refused, UnavailableError)
    assert "expected to be root" in str(refused)
    assert names(folder) == ["file"]

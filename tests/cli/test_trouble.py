"""What a person meets when something is wrong on the way: one line, what was found, what to do, exit status 1."""

import contextlib
import os
import shutil
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.cli.desk import Desk, Result
from vigo.server.platform.pki.authority import ca_certificate, new_key


def told(result: Result, *words: str) -> None:
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith("vigocli: ")
    assert result.err.count("\n") == 1
    for word in words:
        assert word in result.err


def test_a_server_that_does_not_run(desk: Desk) -> None:
    desk.do(desk.server.stop())
    result = desk.here("envoys", "list")
    desk.do(desk.server.start())
    told(result, "server.json: missing", f"vigosrv run --data-dir {desk.server.folder.root}")


def test_a_server_that_died(desk: Desk) -> None:
    running = desk.server.folder.running.read_bytes()
    desk.do(desk.server.stop())
    desk.server.folder.running.write_bytes(running)
    result = desk.here("envoys", "list")
    desk.do(desk.server.start())
    told(result, "nothing listens there", "start it with `vigosrv run")


def test_a_folder_that_is_none(offline: Desk, tmp_path: Path) -> None:
    told(offline.vigocli("--data-dir", str(tmp_path / "nosuch"), "runs", "list"), "found none", "vigosrv init")
    (tmp_path / "file").write_text("")
    told(offline.vigocli("--data-dir", str(tmp_path / "file"), "runs", "list"), "Not a directory")


@pytest.mark.parametrize("name", ["", "run/server.json", "admin.token", "keys/ca.pem"])
def test_a_folder_that_is_not_ours(desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = desk.server.folder.root / name
    read, listed = Path.read_text, Path.iterdir

    def refused(self: Path) -> None:
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))

    def read_text(self: Path, encoding: str | None = None, errors: str | None = None) -> str:
        refused(self)
        return read(self, encoding, errors)

    def iterdir(self: Path) -> Iterator[Path]:
        refused(self)
        return listed(self)

    # Root, who may run these tests, is refused nothing.
    monkeypatch.setattr(Path, "read_text", read_text)
    monkeypatch.setattr(Path, "iterdir", iterdir)
    result = desk.here("envoys", "list")
    monkeypatch.undo()
    told(result, str(path), "Permission denied", "as root or as the folder's owner")


def test_a_token_that_is_not_the_servers(desk: Desk) -> None:
    desk.server.folder.admin_token.write_text("vigo-admin-other\n")
    told(desk.here("envoys", "list"), "admin.token", "SIGHUP")


def test_a_ca_that_is_not_the_servers(desk: Desk) -> None:
    other = desk.folder / "other.pem"
    other.write_bytes(ca_certificate(new_key(), datetime.now(UTC), "other"))
    running = msgspec.json.decode(desk.server.folder.running.read_bytes())
    desk.server.folder.running.write_bytes(msgspec.json.encode(running | {"ca": str(other)}))
    told(desk.here("envoys", "list"), "expected a certificate that the pinned CA signed", "nothing was sent")


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"[1]"])
def test_a_damaged_file_of_the_running_server(desk: Desk, content: bytes) -> None:
    desk.server.folder.running.write_bytes(content)
    told(desk.here("envoys", "list"), "server.json: expected", "restart vigosrv")


def test_a_ca_file_that_is_damaged(desk: Desk) -> None:
    desk.server.folder.ca_certificate.write_text("garbage")
    told(desk.here("envoys", "list"), "expected the CA's certificate as PEM")


def test_a_clock_that_is_a_day_behind_the_servers(offline: Desk) -> None:
    offline.server.clock.advance(timedelta(days=2))
    offline.do(offline.server.start())
    result = offline.here("envoys", "list")
    offline.do(offline.server.stop())
    told(result, "not yet valid", "compare the clocks", f"{datetime.now(UTC):%Y-%m-%d}")


def test_a_name_that_the_certificate_has_not(desk: Desk) -> None:
    running = msgspec.json.decode(desk.server.folder.running.read_bytes())
    other = running["api"].replace("127.0.0.1", "127.0.0.2")
    with forwarding(other, running["api"]):
        desk.server.folder.running.write_bytes(msgspec.json.encode(running | {"api": other}))
        told(desk.here("envoys", "list"), "for another name", "server_names")


@contextlib.contextmanager
def forwarding(there: str, to: str) -> Iterator[None]:
    """Let a second loopback address answer with what the server sends."""
    import threading  # noqa: PLC0415 - for this test alone

    listening = socket.create_server(("127.0.0.2", int(there.rpartition(":")[2])))

    def serve() -> None:
        with contextlib.suppress(OSError):
            caller, _ = listening.accept()
            with caller, socket.create_connection(("127.0.0.1", int(to.rpartition(":")[2]))) as server:
                server.sendall(caller.recv(65_536))
                caller.sendall(server.recv(65_536))
                caller.recv(65_536)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with listening:
        yield
    thread.join(10)


@pytest.fixture
def silent(desk: Desk) -> Iterator[Desk]:
    """A desk whose server accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = msgspec.json.decode(desk.server.folder.running.read_bytes())
        running["api"] = f"https://127.0.0.1:{listening.getsockname()[1]}"
        desk.server.folder.running.write_bytes(msgspec.json.encode(running))
        yield desk


def test_a_server_that_is_silent(silent: Desk) -> None:
    told(silent.vigocli("--timeout", "1s", "--data-dir", str(silent.server.folder.root), "runs", "list"), "within 1 s")


def test_a_port_that_speaks_no_tls(desk: Desk) -> None:
    import threading  # noqa: PLC0415 - for this test alone

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            caller, _ = listening.accept()
            with caller:
                caller.recv(65_536)
                caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        running = msgspec.json.decode(desk.server.folder.running.read_bytes())
        running["api"] = f"https://127.0.0.1:{listening.getsockname()[1]}"
        desk.server.folder.running.write_bytes(msgspec.json.encode(running))
        told(desk.here("runs", "list"), "expected a TLS connection", "api_listen")
        thread.join(10)


def test_a_proxy_in_the_environment_is_not_used(desk: Desk) -> None:
    proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:1")
    result = desk.process("--data-dir", str(desk.server.folder.root), "envoys", "list", "--json", **proxies)
    assert result.json == {"items": []}


def test_a_certificate_store_in_the_environment_is_not_trusted(desk: Desk) -> None:
    own = desk.folder / "own.pem"
    shutil.copy(desk.server.folder.ca_certificate, own)
    desk.server.folder.ca_certificate.write_bytes(ca_certificate(new_key(), datetime.now(UTC), "other"))
    folder = str(desk.server.folder.root)
    result = desk.process("--data-dir", folder, "envoys", "list", SSL_CERT_FILE=str(own), SSL_CERT_DIR=os.devnull)
    told(result, "expected a certificate that the pinned CA signed")

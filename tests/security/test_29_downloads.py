"""What the policy has fetched, by `download` and `archive`, leads to no service of the machine and shows no secret."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.agent.host.archives import sha256, tar_of
from tests.agent.host.conftest import World
from tests.agent.host.file_server import FileServer, redirect_to, serving
from vigo.catalog.ops import Op
from vigo.catalog.ops.fetch_file import FetchFile
from vigo.catalog.ops.unpack_archive import UnpackArchive
from vigo.catalog.scan import resource_kinds
from vigo.core.errors import InvalidError

ARCHIVE = tar_of(("x", b"x"))
DIGEST = sha256(ARCHIVE)
NEAR = [
    "127.0.0.1",
    "127.8.8.8",
    "::1",
    "::ffff:127.0.0.1",
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "0.0.0.0",  # noqa: S104 - nothing is bound to it
    "fe80::1",
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as one:
        yield one


@pytest.fixture
def srv(world: World) -> World:
    (world.root / "srv").mkdir()
    return world


def fetching(url: str) -> tuple[Op, Op]:
    return (
        FetchFile(url=url, path="/srv/x", sha256=DIGEST),
        UnpackArchive(source=url, path="/srv/x", sha256=DIGEST),
    )


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let every name lead to one address after the other, as whoever answers for it can; return what was asked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: str, *more: Any, **named: Any) -> Any:
        asked.append(host)
        return real(answers[min(len(asked), len(answers)) - 1], *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("address", NEAR)
@pytest.mark.parametrize("which", [0, 1], ids=["download", "archive"])
def test_29_a_name_does_not_lead_to_the_machine_itself_or_its_link(
    which: int, address: str, srv: World, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve("/x", ARCHIVE)
    resolving(monkeypatch, address)
    with pytest.raises(InvalidError, match="another machine"):
        srv.execute(fetching(f"http://files.example:{server.port}/x")[which])
    assert server.asked == []
    assert list((srv.root / "srv").iterdir()) == []


@pytest.mark.parametrize("which", [0, 1], ids=["download", "archive"])
def test_29_a_name_that_leads_elsewhere_the_second_time_does_not_help(
    which: int, srv: World, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve("/x", ARCHIVE)
    # What is connected to is what was looked at: a name is asked for once a connection.
    asked = resolving(monkeypatch, "127.0.0.1", "192.0.2.1")
    with pytest.raises(InvalidError, match="another machine"):
        srv.execute(fetching(f"http://files.example:{server.port}/x")[which])
    assert asked == ["files.example"]
    assert server.asked == []


@pytest.mark.parametrize("to", ["http://127.0.0.1:{port}/inner", "http://[::ffff:127.0.0.1]:{port}/inner"])
@pytest.mark.parametrize("which", [0, 1], ids=["download", "archive"])
def test_29_a_redirect_does_not_lead_to_the_machine_itself(which: int, to: str, srv: World, server: FileServer) -> None:
    server.serve("/inner", ARCHIVE)
    server.answers["/x"] = redirect_to(to.format(port=server.port))
    with pytest.raises(InvalidError, match="another machine"):
        srv.execute(fetching(f"http://localhost:{server.port}/x")[which])
    assert len(server.asked) == 1
    assert list((srv.root / "srv").iterdir()) == []


@pytest.mark.parametrize("which", [0, 1], ids=["download", "archive"])
def test_29_no_proxy_and_no_credentials_of_the_environment_are_used(
    which: int, srv: World, server: FileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login canary password canary\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    with serving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
        srv.execute(fetching(server.serve("/x", ARCHIVE))[which])
        assert proxy.asked == []
    assert "canary" not in "".join(server.asked)
    assert "authorization" not in "".join(server.asked).lower()


@pytest.mark.parametrize(("kind", "field"), [("download", "url"), ("archive", "source")])
@pytest.mark.parametrize(
    "url",
    [
        *("https://u:canary@example.com/x", "https://canary@example.com/x", "https://example.com\\@canary/x"),
        *(
            "https://example.com/x canary",
            "file:///etc/canary",
            "gopher://canary/x",
            "https://example.com/\r\nX: canary",
        ),
        *("https://example.com:99999/canary", "http://canary.example/x", "https://canary.example/x"),
    ],
)
def test_29_what_is_refused_is_refused_before_anything_is_asked_and_not_shown(kind: str, field: str, url: str) -> None:
    resource = resource_kinds()[kind]
    fields = {"path": "/opt/x", field: url}
    if not url.endswith("canary.example/x"):  # those two lack the digest
        fields["sha256"] = DIGEST
    with pytest.raises(InvalidError) as caught:
        resource.validate(msgspec.convert(fields, resource.spec))
    assert "canary" not in str(caught.value)

"""Fetching keys from a real server on the loopback."""

import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.agent.host.conftest import World
from vigo.agent.host import web_fetch
from vigo.agent.host.fetch_key import MAX_KEY_BYTES
from vigo.catalog.formats.openpgp import armoured_key
from vigo.catalog.ops.fetch_key import FetchKey
from vigo.core.errors import BlockedError, InvalidError, TooLargeError, UnavailableError
from vigo.testing.fake_pki import FakeCa

# The sample key of version 4 and its fingerprint. Source: RFC 9580, A.1.
KEY = base64.b64decode("mDMEU/NfCxYJKwYBBAHaRw8BAQdAPwmJlL3ZFu1AUxl5NOSofIBzOhKA1i+AEJkuQ+47JAY=")
PRINT = "C959BDBAFA32A2F89A153B678CFDE12197965A9A"
WITHIN = timedelta(seconds=30)


class Server:
    """Serves bodies, or redirects, by path. `asked` are the paths that were asked for."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.bodies: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                to, body = server.redirects.get(self.path), server.bodies.get(self.path)
                self.send_response(302 if to else 404 if body is None else 200)
                if to:
                    self.send_header("Location", to)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.http.socket = tls.wrap_socket(self.http.socket, server_side=True)
        self.port = self.http.server_address[1]
        self.origin = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self._thread.join()


@pytest.fixture
def ca() -> FakeCa:
    return FakeCa()


@pytest.fixture
def start(ca: FakeCa, tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    """Start servers of `http` or `https` that end with the test."""
    servers: list[Server] = []

    def started(scheme: str) -> Server:
        context = None
        if scheme == "https":
            (tmp_path / "server.pem").write_text(ca.server_pem(("127.0.0.1", "localhost")))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tmp_path / "server.pem")
        servers.append(Server(context))
        return servers[-1]

    yield started
    for server in servers:
        server.close()


@pytest.fixture
def trusting(ca: FakeCa) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=ca.pem)


def get(url: str, tls: ssl.SSLContext | None = None, max_bytes: int = 1000) -> bytes:
    return web_fetch.fetch(url, max_bytes=max_bytes, within=WITHIN, tls=tls)


def resolving(monkeypatch: pytest.MonkeyPatch, names: Mapping[str, str]) -> None:
    """Let names lead to addresses, as whoever answers for a domain can."""
    real = socket.getaddrinfo

    def getaddrinfo(host: str, *more: Any, **named: Any) -> Any:
        return real(names.get(host, host), *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_file_is_fetched_and_a_redirect_followed(
    scheme: str, start: Callable[[str], Server], trusting: ssl.SSLContext
) -> None:
    server = start(scheme)
    server.bodies["/key"] = b"body"
    server.redirects["/moved"] = "/key"
    assert get(f"{server.origin}/key", trusting) == b"body"
    assert get(f"{server.origin}/moved", trusting) == b"body"


def test_a_certificate_that_nobody_vouches_for_is_refused(start: Callable[[str], Server]) -> None:
    server = start("https")
    server.bodies["/key"] = b"body"
    with pytest.raises(UnavailableError, match="certificate"):
        get(f"{server.origin}/key")
    assert server.asked == []


def test_a_redirect_from_https_to_http_is_refused(start: Callable[[str], Server], trusting: ssl.SSLContext) -> None:
    secure, plain = start("https"), start("http")
    plain.bodies["/key"] = b"body"
    for to in (f"{plain.origin}/key", "file:///etc/passwd", "ftp://127.0.0.1/x"):
        secure.redirects["/key"] = to
        with pytest.raises((InvalidError, BlockedError)):
            get(f"{secure.origin}/key", trusting)
    assert plain.asked == []


def test_a_loop_of_redirects_ends(start: Callable[[str], Server]) -> None:
    server = start("http")
    server.redirects["/key"] = "/key"
    with pytest.raises(BlockedError):
        get(f"{server.origin}/key")
    assert len(server.asked) <= web_fetch.MAX_REDIRECTS + 2


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "0.0.0.0", "fe80::1"])  # noqa: S104
def test_a_name_that_leads_to_the_machine_itself_or_its_link_is_refused(
    address: str, start: Callable[[str], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start("http")
    server.bodies["/key"] = b"body"
    resolving(monkeypatch, {"keys.example": address})
    with pytest.raises(InvalidError, match="another machine"):
        get(f"http://keys.example:{server.port}/key")
    assert server.asked == []


def test_a_redirect_to_the_machine_itself_is_refused_even_by_its_address(
    start: Callable[[str], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = start("http"), start("http")
    first.redirects["/key"] = f"http://127.0.0.1:{second.port}/key"
    second.bodies["/key"] = b"body"
    # `localhost` is meant, and the address behind it is not named.
    with pytest.raises(InvalidError, match="another machine"):
        get(f"http://localhost:{first.port}/key")
    assert first.asked == ["/key"]
    assert second.asked == []


def test_no_proxy_of_the_environment_is_asked(start: Callable[[str], Server], monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, server = start("http"), start("http")
    server.bodies["/key"] = b"body"
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, proxy.origin)
    assert get(f"{server.origin}/key") == b"body"
    assert proxy.asked == []


def test_what_is_too_large_is_not_kept(start: Callable[[str], Server]) -> None:
    server = start("http")
    server.bodies["/key"] = b"x" * 1000
    assert len(get(f"{server.origin}/key")) == 1000
    server.bodies["/key"] += b"x"
    with pytest.raises(TooLargeError):
        get(f"{server.origin}/key")


def test_what_is_not_there_and_who_does_not_answer_may_come_back(start: Callable[[str], Server]) -> None:
    server = start("http")
    with pytest.raises(BlockedError, match="status 404"):
        get(f"{server.origin}/key?secret=1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(BlockedError, match="to answer") as caught:
            get(f"http://127.0.0.1:{free.getsockname()[1]}/key?secret=1")
    assert "secret" not in str(caught.value)


def fetching(server: Server, **more: Any) -> FetchKey:
    return FetchKey(**{"url": f"{server.origin}/key", "path": "/etc/key", "fingerprints": (PRINT,), **more})


@pytest.mark.parametrize("served", [KEY, armoured_key(KEY).encode()])
@pytest.mark.parametrize(("form", "wanted"), [("binary", KEY), ("armour", armoured_key(KEY).encode())])
def test_the_known_key_is_written_in_the_form_that_its_tool_wants(
    served: bytes, form: str, wanted: bytes, world: World, start: Callable[[str], Server]
) -> None:
    (world.root / "etc").mkdir()
    server = start("http")
    server.bodies["/key"] = served
    world.execute(fetching(server, form=form))
    assert (world.root / "etc/key").read_bytes() == wanted
    assert (world.root / "etc/key").stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize("served", [b"", b"<html>", KEY[:-1], KEY + KEY.replace(b"\x16", b"\x17", 1)])
def test_another_key_one_beside_it_and_no_key_are_not_written(
    served: bytes, world: World, start: Callable[[str], Server]
) -> None:
    (world.root / "etc").mkdir()
    (world.root / "etc/key").write_bytes(b"former")
    server = start("http")
    server.bodies["/key"] = served
    with pytest.raises(InvalidError):
        world.execute(fetching(server))
    assert (world.root / "etc/key").read_bytes() == b"former"
    assert MAX_KEY_BYTES == 1024 * 1024


def test_the_summary_says_where_from_and_no_secret() -> None:
    op = FetchKey(url="https://u:p@keys.example/a?token=s", path="/etc/key", fingerprints=(PRINT,))
    assert op.summary() == "fetch the key /etc/key from keys.example"

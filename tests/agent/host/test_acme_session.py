"""What goes out to an authority, by a server that answers wrongly; that it works Pebble tells, in tests/host."""

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from vigo.agent.host import acme_session
from vigo.catalog.formats.self_signed import new_key, self_signed, signing_request
from vigo.core.errors import BlockedError, InvalidError, UnavailableError

pytest.importorskip("acme", reason="expected the optional library acme; it comes with vigo[acme]")

KEY = new_key("ecdsa-p256")
NOW = datetime.now(UTC).replace(microsecond=0)
OWN = self_signed(KEY, ("localhost", "127.0.0.1"), NOW - timedelta(hours=1), NOW + timedelta(days=1))


class Wrong(ThreadingHTTPServer):
    """Answers every request alike."""

    status = 200
    body = b"{}"
    location = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Wrong

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()
        self.wfile.write(self.server.body)

    do_HEAD = do_POST = do_GET  # noqa: N815 - the names that the server calls

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Wrong]:
    (tmp_path / "own.pem").write_bytes(OWN)
    (tmp_path / "own.key").write_bytes(KEY)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem", tmp_path / "own.key")
    with Wrong() as started:
        started.socket = context.wrap_socket(started.socket, server_side=True)
        thread = threading.Thread(target=started.serve_forever, args=(0.01,))
        thread.start()
        yield started
        started.shutdown()
        thread.join()


def ask(url: str, tls: ssl.SSLContext | None = None) -> bytes:
    def serve(*_: object) -> None:
        raise AssertionError("nothing is to be shown")

    tls = tls or ssl.create_default_context(cadata=OWN.decode())
    return acme_session.obtained(url, new_key("ecdsa-p256"), signing_request(KEY, ("a.example",)), tls, serve)


def directory_of(server: Wrong, host: str = "localhost") -> str:
    return f"https://{host}:{server.server_port}/dir"


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'"x"', b"<html>", b'{"newNonce": 5}', b'{"meta": []}'])
def test_what_is_no_directory_is_said(server: Wrong, body: bytes) -> None:
    server.body = body
    with pytest.raises((UnavailableError, BlockedError)):
        ask(directory_of(server))


def test_an_error_is_told_with_its_escapes_visible(server: Wrong) -> None:
    server.status, server.body = 503, b'{"type": "urn:ietf:params:acme:error:x", "detail": "down \\u001b[2J"}'
    with pytest.raises((BlockedError, UnavailableError)) as caught:
        ask(directory_of(server))
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("to", ["http://localhost:1/", "https://localhost:1/", "/again", "file:///etc/passwd"])
def test_no_redirect_is_followed(server: Wrong, to: str) -> None:
    server.status, server.location = 302, to
    with pytest.raises(BlockedError, match="redirects"):
        ask(directory_of(server))
    assert server.asked == ["/dir"]


def test_an_endless_answer_is_cut(server: Wrong) -> None:
    server.body = b" " * (acme_session.MAX_ANSWER_BYTES + 1)
    with pytest.raises(BlockedError, match="more than 1048576 bytes"):
        ask(directory_of(server))


@pytest.mark.parametrize("url", ["http://localhost:{port}/x", "https://127.0.0.1:{port}/x", "ftp://localhost/x"])
def test_a_directory_leads_neither_to_plain_http_nor_to_the_machine_itself(server: Wrong, url: str) -> None:
    there = url.format(port=server.server_port)
    server.body = b'{"newNonce": "%s", "newAccount": "%s", "newOrder": "%s"}' % ((there.encode(),) * 3)
    with pytest.raises((BlockedError, InvalidError, UnavailableError)):
        ask(directory_of(server))
    assert server.asked == ["/dir"]


def test_an_untrusted_directory_is_told_nothing(server: Wrong) -> None:
    with pytest.raises(BlockedError, match="certificate verify failed"):
        ask(directory_of(server), ssl.create_default_context())
    assert server.asked == []

"""Checks of real web servers on the loopback."""

import socket
import ssl
import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.agent.host.conftest import World
from tests.agent.host.listening import free_port, listening, saying
from vigo.agent.host.check_http import MAX_BODY_BYTES, MAX_REDIRECTS
from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.formats.web_answers import ExpectedAnswer
from vigo.catalog.ops.network_checks import CheckHttp
from vigo.core.errors import BlockedError, InvalidError, TimedOutError, UnavailableError, VigoError
from vigo.testing.fake_pki import FakeCa

SECRET = "hunter2"
SHORT = timedelta(seconds=0.3)


def check(url: str, *, status: tuple[int, ...] = (200,), **more: Any) -> None:
    expected = ExpectedAnswer(status=status, body=more.pop("body", None), headers=more.pop("expect_headers", {}))
    Executors(RealHost(None)).execute(CheckHttp(url=url, expected=expected, **more))


def failure(url: str, error: type[VigoError] = UnavailableError, **more: Any) -> str:
    """Return what a check says that fails; nothing secret, and nothing that the server wrote."""
    with pytest.raises(error) as caught:
        check(url, **more)
    assert type(caught.value) is error
    assert SECRET not in str(caught.value)
    return str(caught.value)


def answer(status: str = "200 OK", body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


@pytest.fixture
def ca() -> FakeCa:
    return FakeCa()


def server_tls(ca: FakeCa, folder: Path, *names: str) -> ssl.SSLContext:
    (folder / "server.pem").write_text(ca.server_pem(names or ("127.0.0.1", "localhost")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


def test_an_answer_as_expected_passes_and_what_is_asked_is_what_is_declared() -> None:
    with listening(saying(answer(body=b'{"ready": true}', Content_Type="application/json"))) as server:
        check(
            f"http://127.0.0.1:{server.port}/health?a=b",
            body='"ready": *true',
            expect_headers={"content-type": "^application/json$"},
            headers={"Authorization": SECRET, "Host": "www.example.com", "X-Probe": "1"},
        )
    lines = server.asked[0].decode().splitlines()
    assert lines[0] == "GET /health?a=b HTTP/1.1"
    assert sorted(line.lower() for line in lines[1:] if line) == [
        "accept-encoding: identity",
        "accept: */*",
        f"authorization: {SECRET}",
        "connection: close",
        "host: www.example.com",
        "user-agent: vigo",
        "x-probe: 1",
    ]


@pytest.mark.parametrize(
    ("given", "said", "says"),
    [
        ({}, answer("503 hunter2"), "expected status 200, found 503"),
        ({"status": (200, 204)}, answer("302 Found", Location="/hunter2"), "expected status 200 or 204, found 302"),
        ({"body": "^ready$"}, answer(body=b"hunter2"), "expect_body in the body, found it nowhere in 7 characters"),
        ({"expect_headers": {"X-State": "up"}}, answer(), "expected the header X-State, found none"),
        ({"expect_headers": {"X-State": "up"}}, answer(X_State="hunter2"), "found another value"),
        ({}, b"hunter2 is no answer\r\n\r\n", "no answer of HTTP"),
        ({}, b"HTTP/1.1 200 OK\r\nhunter2", "ended before"),
        ({}, b"HTTP/1.1 200 OK\r\nX-A: hunter2\r\n", "ended before"),
        ({}, b"", "the connection ended before the answer did"),
        ({}, b"HTTP/1.1 200 OK\r\n" + b"X-A: hunter2\r\n" * 1000, "no answer of HTTP"),
        ({}, b"HTTP/1.1 200 OK\r\nX-A: " + b"hunter2" * 20_000, "no answer of HTTP"),
        ({"body": "b"}, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na", "expected 9 bytes, found the"),
        ({"body": "b"}, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhunter2", "ended before"),
        ({"body": "b"}, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhunter2\r\n", "answer"),
    ],
)  # fmt: skip
def test_another_answer_fails_and_is_told_without_what_the_server_wrote(
    given: Mapping[str, Any], said: bytes, says: str
) -> None:
    with listening(saying(said)) as server:
        url = f"http://127.0.0.1:{server.port}/{SECRET}?key={SECRET}"
        assert says in failure(url, headers={"Authorization": SECRET}, **given)


def test_a_body_is_read_where_it_is_asked_for_and_no_further_than_its_limit() -> None:
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
    with listening(saying(endless, b"x" * (MAX_BODY_BYTES + 10))) as server:
        url = f"http://127.0.0.1:{server.port}/"
        check(url)
        check(url, body="xxx$")
        message = failure(url, body="y")
    assert f"nowhere in {MAX_BODY_BYTES} characters, and the body goes on" in message


@pytest.mark.parametrize("head", [b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"])
def test_a_body_that_ends_with_the_connection_is_read_to_its_end(head: bytes) -> None:
    asked_on = threading.Event()

    def slowly(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        asked_on.wait(0.1)  # so that the headers are read before the body comes
        connection.sendall(b"rea")
        connection.sendall(b"dy")

    with listening(slowly) as server:
        check(f"http://127.0.0.1:{server.port}/", body="^ready$")


def test_the_answer_to_head_has_no_body_and_an_empty_one_passes() -> None:
    with listening(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")) as server:
        check(f"http://127.0.0.1:{server.port}/", method="HEAD")
    assert server.asked[0].startswith(b"HEAD / ")
    with listening(saying(b"HTTP/1.1 204 No Content\r\n\r\n")) as server:
        check(f"http://127.0.0.1:{server.port}/", status=(204,), body="^$")


@pytest.mark.parametrize(
    "begin", [b"", b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
def test_a_server_that_drips_is_left_when_the_whole_time_is_over(begin: bytes) -> None:
    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall(begin)
        while not server.ended.wait(0.02):
            connection.sendall(b"H")

    with listening(drip) as server:
        message = failure(f"http://127.0.0.1:{server.port}/", TimedOutError, body="a", within=SHORT)
    assert "expected to be done within 0.3 s" in message


def test_the_resources_own_limit_counts_where_it_is_shorter() -> None:
    with listening(lambda *_: server.ended.wait(10)) as server:
        try:
            url = f"http://127.0.0.1:{server.port}/"
            assert "within 0.3 s" in failure(url, TimedOutError, timeout=SHORT)
        finally:
            server.ended.set()


def test_a_server_that_never_ends_the_handshake_of_tls_is_left() -> None:
    with listening(lambda *_: server.ended.wait(10), asks=False) as server:
        try:
            assert "within 0.3 s" in failure(f"https://127.0.0.1:{server.port}/", TimedOutError, within=SHORT)
        finally:
            server.ended.set()


def test_who_does_not_listen_fails() -> None:
    port = free_port()
    message = failure(f"http://127.0.0.1:{port}/{SECRET}")
    assert f"expected 127.0.0.1:{port} to take a connection, found: Connection refused" in message


def test_a_certificate_is_checked_with_its_name_and_by_the_named_authority(ca: FakeCa, tmp_path: Path) -> None:
    own = tmp_path / "ca.pem"
    own.write_text(ca.pem)
    with listening(saying(answer()), tls=server_tls(ca, tmp_path)) as server:
        url = f"https://127.0.0.1:{server.port}/"
        check(url, ca_file=str(own))
        check(url, accepts_any_certificate=True)
        assert "a certificate of" in failure(url)
        other = tmp_path / "other.pem"
        other.write_text(FakeCa("other").pem)
        assert "a certificate of" in failure(url, ca_file=str(other))
    assert len(server.asked) == 2


def test_another_name_in_the_certificate_is_refused_wherever_is_connected_to(ca: FakeCa, tmp_path: Path) -> None:
    own = tmp_path / "ca.pem"
    own.write_text(ca.pem)
    with listening(saying(answer()), tls=server_tls(ca, tmp_path, "www.example.com")) as server:
        assert "certificate" in failure(f"https://127.0.0.1:{server.port}/", ca_file=str(own))
        here: dict[str, Any] = {"ca_file": str(own), "connect_to": "127.0.0.1"}
        assert "certificate" in failure(f"https://www.example.net:{server.port}/", **here)
        check(f"https://www.example.com:{server.port}/", **here)
    assert b"host: www.example.com:" in server.asked[0].lower()


@pytest.mark.parametrize(("content", "says"), [(None, "found none"), ("hunter2", "found others"), ("", "found others")])
def test_an_authority_that_is_none_is_told(content: str | None, says: str, tmp_path: Path) -> None:
    own = tmp_path / "ca.pem"
    if content is not None:
        own.write_text(content)
    assert f"{says}" in failure("https://127.0.0.1:1/", ca_file=str(own))


def test_what_speaks_no_tls_fails(ca: FakeCa, tmp_path: Path) -> None:
    with listening(saying(answer("200 hunter2")), asks=False) as server:
        assert "TLS failed" in failure(f"https://127.0.0.1:{server.port}/")
    with listening(saying(answer()), tls=server_tls(ca, tmp_path)) as server:
        failure(f"http://127.0.0.1:{server.port}/")


def test_a_redirect_is_followed_where_that_is_asked_for_and_secrets_stay_with_the_first_host() -> None:
    with listening(saying(answer())) as second:
        to = answer("302 Found", Location=f"http://127.0.0.1:{second.port}/b")
        with listening(saying(to)) as first:
            url = f"http://127.0.0.1:{first.port}/a"
            check(url, status=(302,))
            check(url, follows_redirects=True, headers={"Authorization": SECRET})
    assert SECRET.encode() in first.asked[1]
    assert second.asked[0].startswith(b"GET /b ")
    assert SECRET.encode() not in second.asked[0]


def test_a_redirect_to_another_port_of_the_host_stays_at_the_machine_that_is_connected_to() -> None:
    with listening(saying(answer())) as second:
        to = answer("301 Moved", Location=f"http://www.example.com:{second.port}/")
        with listening(saying(to)) as first:
            url = f"http://www.example.com:{first.port}/"
            check(url, follows_redirects=True, connect_to="127.0.0.1", headers={"X-Key": SECRET})
    assert len(second.asked) == 1
    assert SECRET.encode() not in second.asked[0]


def test_a_redirect_within_the_host_is_followed_with_all_headers() -> None:
    def handle(connection: socket.socket, request: bytes) -> None:
        is_first = request.startswith(b"GET /a ")
        connection.sendall(answer("307 Temporary Redirect", Location="b?c#d") if is_first else answer(body=b"yes"))

    with listening(handle) as server:
        check(f"http://127.0.0.1:{server.port}/a", body="^yes$", follows_redirects=True, headers={"X-Key": SECRET})
    assert server.asked[1].startswith(b"GET /b?c ")
    assert SECRET.encode() in server.asked[1]


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://u:hunter2@127.0.0.1/", "http://["]
)
def test_a_redirect_to_what_is_no_web_address_is_not_followed(location: str) -> None:
    with listening(saying(answer("302 Found", Location=location))) as server:
        failure(f"http://127.0.0.1:{server.port}/", InvalidError, follows_redirects=True)


def test_a_redirect_never_leaves_https(ca: FakeCa, tmp_path: Path) -> None:
    with listening(saying(answer())) as plain:
        to = answer("302 Found", Location=f"http://127.0.0.1:{plain.port}/{SECRET}")
        with listening(saying(to), tls=server_tls(ca, tmp_path)) as server:
            url = f"https://127.0.0.1:{server.port}/"
            message = failure(url, InvalidError, follows_redirects=True, accepts_any_certificate=True)
    assert "expected to stay with https" in message
    assert plain.asked == []


@pytest.mark.parametrize("near", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "169.254.169.254", "0.0.0.0"])  # noqa: S104
def test_a_redirect_of_another_machine_to_this_one_is_not_followed(near: str) -> None:
    with listening(saying(answer())) as inner:
        to = answer("302 Found", Location=f"http://{near}:{inner.port}/")
        with listening(saying(to)) as outer:
            url = f"http://www.example.com:{outer.port}/"
            message = failure(url, InvalidError, follows_redirects=True, connect_to="127.0.0.1")
    assert "to be another machine" in message
    assert inner.asked == []


def test_a_circle_of_redirects_ends() -> None:
    with listening(saying(answer("301 Moved", Location="/"))) as server:
        assert "they may go in a circle" in failure(f"http://127.0.0.1:{server.port}/", follows_redirects=True)
    assert len(server.asked) == MAX_REDIRECTS + 1


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(saying(answer("500 proxy"))) as proxy, listening(saying(answer())) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        check(f"http://127.0.0.1:{server.port}/")
    assert proxy.asked == []


def test_ipv6_is_asked_by_its_address_and_found_behind_one_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        with listening(saying(answer()), family=socket.AF_INET6) as server:
            check(f"http://[::1]:{server.port}/")
            places = [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", free_port())),
                (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", server.port, 0, 0)),
            ]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
            check(f"http://two.example:{server.port}/")
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    assert b"host: [::1]:" in server.asked[0].lower()


LONG_ENOUGH = timedelta(seconds=2)
"""For the answer to be there, also where the machine is busy: what is to end is the expression."""


def test_an_expression_that_never_ends_is_given_up() -> None:
    with listening(saying(answer(body=b"a" * 64))) as server:
        url = f"http://127.0.0.1:{server.port}/"
        assert "regular expression" in failure(url, TimedOutError, body="(a+)+$b", within=LONG_ENOUGH)


def test_in_an_image_nothing_is_asked(world: World) -> None:
    with listening(saying(answer())) as server, pytest.raises(BlockedError, match="image"):
        world.execute(CheckHttp(url=f"http://127.0.0.1:{server.port}/", expected=ExpectedAnswer(status=(200,))))
    assert server.asked == []


def test_the_summary_says_whom_it_asks_and_no_secret() -> None:
    op = CheckHttp(
        url=f"https://www.example.com:8443/{SECRET}?token={SECRET}",
        expected=ExpectedAnswer(status=(200,), body=SECRET),
        headers={"Authorization": SECRET},
    )
    assert op.summary() == "check GET https://www.example.com:8443"
    assert (op.described(), op.paths(), op.changes) == ("", (), ())

"""Checks of real servers on the loopback."""

import socket
import threading
from datetime import timedelta
from typing import Any

import pytest

from tests.agent.host.conftest import World
from tests.agent.host.listening import free_port, listening, saying
from vigo.agent.host.check_tcp import MAX_BYTES
from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops.network_checks import CheckTcp
from vigo.core.errors import BlockedError, TimedOutError, UnavailableError, VigoError

SHORT = timedelta(seconds=0.3)


def check(port: int, host: str = "127.0.0.1", **more: Any) -> None:
    Executors(RealHost(None)).execute(CheckTcp(host=host, port=port, **more))


def failure(port: int, error: type[VigoError] = UnavailableError, **more: Any) -> str:
    with pytest.raises(error) as caught:
        check(port, **more)
    assert type(caught.value) is error
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


def test_a_port_that_is_open_passes_and_nothing_is_said_to_it() -> None:
    heard = threading.Event()

    def listen(connection: socket.socket, _: bytes) -> None:
        if connection.recv(100) == b"":
            heard.set()

    with listening(listen, asks=False) as server:
        check(server.port)
        assert heard.wait(10)


def test_a_port_that_is_closed_fails() -> None:
    port = free_port()
    assert f"expected 127.0.0.1:{port} to take a connection, found: Connection refused" in failure(port)


def test_what_a_server_says_by_itself_is_compared_however_it_is_cut() -> None:
    with listening(saying(b"SSH-2", b".0-OpenSSH_9.2\r\n"), asks=False) as server:
        check(server.port, expect=r"^SSH-2[.]0-\w+")
        assert "found it nowhere in 21 bytes, and it closed the connection" in failure(server.port, expect="^220 ")


def test_a_server_that_keeps_the_connection_open_is_understood() -> None:
    def greet(connection: socket.socket, _: bytes) -> None:
        for byte in b"220 ready\r\n":
            connection.sendall(bytes([byte]))
        connection.recv(1)

    with listening(greet, asks=False) as server:
        check(server.port, expect="ready\r\n$")


def test_a_server_that_says_nothing_is_left_when_the_time_is_over() -> None:
    with listening(lambda connection, _: connection.recv(1), asks=False) as server:
        assert "within 0.3 s" in failure(server.port, TimedOutError, expect="a", within=SHORT)
        assert "within 0.3 s" in failure(server.port, TimedOutError, expect="a", timeout=SHORT)


def test_a_server_that_drips_is_left_when_the_time_is_over() -> None:
    def drip(connection: socket.socket, _: bytes) -> None:
        while not server.ended.wait(0.02):
            connection.sendall(b"hunter2")

    with listening(drip, asks=False) as server:
        failure(server.port, TimedOutError, expect="^220 ", within=SHORT)


def test_a_server_without_end_is_read_up_to_the_limit() -> None:
    with listening(saying(b"hunter2" * MAX_BYTES), asks=False) as server:
        check(server.port, expect="(?s)^.{16384}$")
        assert f"nowhere in {MAX_BYTES} bytes, and it goes on" in failure(server.port, expect="^220 ")


def test_a_connection_that_breaks_fails() -> None:
    def reset(connection: socket.socket, _: bytes) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with listening(reset, asks=False) as server:
        # Whether it breaks within connect(), between that and the first byte, or at it, is up to the kernel.
        told = failure(server.port, expect="a")
        assert any(words in told for words in ("reset by peer", "is not connected")), told


def test_bytes_that_are_no_text_are_no_obstacle() -> None:
    with listening(saying(b"\xff\x00J\x00\x00\x008.0.36\x00"), asks=False) as server:
        check(server.port, expect="8[.]0[.]")


def test_an_expression_that_never_ends_is_given_up() -> None:
    with listening(saying(b"a" * 64), asks=False) as server:
        assert "regular expression" in failure(server.port, TimedOutError, expect="(a+)+$b", within=SHORT)


def test_in_an_image_nothing_is_asked(world: World) -> None:
    with pytest.raises(BlockedError, match="image"):
        world.execute(CheckTcp(host="127.0.0.1", port=free_port()))

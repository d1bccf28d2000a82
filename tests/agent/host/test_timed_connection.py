import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.agent.host.listening import free_port, listening, saying
from vigo.agent.host.timed_connection import MOST_ADDRESSES, Exchange, connected
from vigo.core.errors import InvalidError, TimedOutError, UnavailableError

LONG, SHORT = timedelta(seconds=30), timedelta(seconds=0.2)


def leading(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Let every name lead to these addresses."""
    places = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)


def test_the_next_address_is_tried_where_one_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(saying(b"a"), asks=False) as server:
        leading(monkeypatch, ("127.0.0.1", free_port()), ("127.0.0.1", server.port))
        connection = connected("two.example", 80, Exchange(LONG))
        buffer = bytearray(9)
        assert connection.receive_into(buffer) == 1
        connection.close()


def test_a_name_with_very_many_addresses_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    class Refusing:
        def __init__(self, *_: Any) -> None: ...
        def settimeout(self, _: float) -> None: ...
        def close(self) -> None: ...
        def connect(self, address: Any) -> None:
            asked.append(address)
            raise ConnectionRefusedError(111, "Connection refused")

    leading(monkeypatch, *[("192.0.2.1", number) for number in range(100)])
    monkeypatch.setattr(socket, "socket", Refusing)
    with pytest.raises(UnavailableError, match=r"expected many\.example:80 to take a connection"):
        connected("many.example", 80, Exchange(LONG))
    assert len(asked) == MOST_ADDRESSES


def test_each_address_gets_its_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    shares: list[float] = []

    class Silent:
        def __init__(self, *_: Any) -> None: ...
        def settimeout(self, seconds: float) -> None:
            shares.append(seconds)

        def close(self) -> None: ...
        def connect(self, _: Any) -> None:
            raise TimeoutError

    leading(monkeypatch, ("192.0.2.1", 80), ("192.0.2.2", 80))
    monkeypatch.setattr(socket, "socket", Silent)
    with pytest.raises(UnavailableError, match="no answer in time"):
        connected("two.example", 80, Exchange(timedelta(hours=1)))
    assert [round(share, -2) for share in shares] == [1800, 3600]


def test_a_connection_that_met_itself_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []

    class Alone:
        def __init__(self, *_: Any) -> None: ...
        def settimeout(self, _: float) -> None: ...
        def connect(self, _: Any) -> None: ...
        def getsockname(self) -> tuple[str, int]:
            return ("127.0.0.1", 40_000)

        getpeername = getsockname

        def close(self) -> None:
            closed.append(True)

    monkeypatch.setattr(socket, "socket", Alone)
    with pytest.raises(UnavailableError, match="refused"):
        connected("127.0.0.1", 40_000, Exchange(LONG))
    assert closed == [True]


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A look-up of names that does not end before the test does."""
    end = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: end.wait(30) and [])
    yield
    end.set()


def test_a_look_up_that_does_not_end_is_left(stuck: None) -> None:
    del stuck
    with pytest.raises(TimedOutError, match=r"address of slow\.example in time"):
        connected("slow.example", 80, Exchange(SHORT))


def test_a_name_that_nobody_has_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(
        UnavailableError, match=r"expected an address of nobody\.invalid, found: Name or service not known"
    ):
        connected("nobody.invalid", 80, Exchange(LONG))


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "169.254.169.254", "0.0.0.0"])  # noqa: S104
def test_what_is_near_is_refused_where_it_is_not_meant(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    leading(monkeypatch, (address, free_port()))
    with pytest.raises(InvalidError, match=f"found that it leads to {address}"):
        connected("near.example", 80, Exchange(LONG), may_be_near=False)


def test_without_any_time_left_nothing_is_waited_for() -> None:
    with pytest.raises(TimedOutError, match="raise attempt_seconds"):
        connected("127.0.0.1", 80, Exchange(timedelta(0)))

"""Connections whose every wait ends when the whole exchange has to be over, however slowly the other side goes on."""

import errno
import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from vigo.catalog.formats.web_addresses import HostPort, address_of, is_near
from vigo.core.errors import InvalidError, TimedOutError, UnavailableError

MOST_ADDRESSES: Final = 16
"""How many addresses of one name are tried."""


class Exchange:
    """How long all that belongs together may take."""

    def __init__(self, within: timedelta) -> None:
        self._within = within
        self._ends = time.monotonic() + within.total_seconds()

    def left_seconds(self) -> float:
        """Return how much time is left.

        Raises:
            TimedOutError: none is.
        """
        left = self._ends - time.monotonic()
        if left <= 0:
            raise self.over()
        return left

    def over(self) -> TimedOutError:
        """Return the error that says that the time is over."""
        return TimedOutError(
            f"expected to be done within {self._within.total_seconds():g} s, found it still going on; see what the"
            " server waits for, or raise attempt_seconds (and timeout, where that is shorter)"
        )


class TimedConnection:
    """A connection, made as `http.client` takes one for a socket."""

    def __init__(self, connection: socket.socket, exchange: Exchange) -> None:
        self._socket = connection
        self._exchange = exchange
        self.has_ended = False
        """Whether more was to be read than the other side sent."""

    def secured(self, context: ssl.SSLContext, name: str) -> "TimedConnection":
        """Return the connection under TLS; this one must not be used any more.

        Raises:
            OSError: that failed, with `ssl.SSLCertVerificationError` where the certificate was not accepted.
            TimedOutError: the time is over.
        """
        self._socket.settimeout(self._exchange.left_seconds())
        try:
            self._socket = context.wrap_socket(self._socket, server_hostname=name)
        except TimeoutError as error:
            raise self._exchange.over() from error
        return self

    def sendall(self, data: bytes) -> None:
        """Send everything."""
        rest = memoryview(data)
        while rest:
            self._socket.settimeout(self._exchange.left_seconds())
            try:
                rest = rest[self._socket.send(rest) :]
            except TimeoutError as error:
                raise self._exchange.over() from error

    def receive_into(self, buffer: Any, pause: timedelta | None = None) -> int | None:
        """Return how many bytes came; 0 at the end of the connection, and None where none came within the pause."""
        left = self._exchange.left_seconds()
        is_pause = pause is not None and pause.total_seconds() < left
        self._socket.settimeout(pause.total_seconds() if pause is not None and is_pause else left)
        try:
            count = self._socket.recv_into(buffer)
        except TimeoutError as error:
            if is_pause:
                return None
            raise self._exchange.over() from error
        self.has_ended = count == 0
        return count

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return what reads from the connection."""
        del mode
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """Close it."""
        self._socket.close()


class _Reader(io.RawIOBase):
    def __init__(self, connection: TimedConnection) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        return self._connection.receive_into(buffer)


def connected(host: str, port: int, exchange: Exchange, *, may_be_near: bool = True) -> TimedConnection:
    """Return a connection to the first address of a host that takes one. Each gets its share of the time.

    Unless it `may_be_near` the machine itself and its link are refused.

    Raises:
        InvalidError: it is near, and may not be.
        TimedOutError: the time is over.
        UnavailableError: there is no such name, or nothing takes the connection.
    """
    places = _places(host, port, exchange)[:MOST_ADDRESSES]
    found = ""
    for number, (family, kind, protocol, _, address) in enumerate(places):
        if not may_be_near and is_near(str(address[0])):
            raise InvalidError(
                f"expected {host} to be another machine, found that it leads to {address[0]}, which is this one or its"
                " link; name where it leads to in the URL if that is meant"
            )
        try:
            share = exchange.left_seconds() / (len(places) - number)
            return TimedConnection(_connection((family, kind, protocol), address, share), exchange)
        except OSError as error:
            found = error.strerror or "no answer in time"
    raise UnavailableError(
        f"expected {HostPort(host, port)} to take a connection, found: {found}; see that its service runs and listens"
        " there, and that no firewall is in between"
    )


def _connection(sort: tuple[int, int, int], address: Any, seconds: float) -> socket.socket:
    connection = socket.socket(*sort)
    try:
        connection.settimeout(seconds)
        connection.connect(address)
        # To a free port of this machine's own range a connection can meet itself, with nobody there.
        if connection.getsockname() != connection.getpeername():
            return connection
    except BaseException:
        connection.close()
        raise
    connection.close()
    raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")


def _places(host: str, port: int, exchange: Exchange) -> Sequence[Any]:
    """Return the addresses of a host. The system's look-up of names knows no limit, so it is left behind at the end."""
    if address_of(host) is not None:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    answers: queue.SimpleQueue[Sequence[Any] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True, name="look-up").start()
    try:
        found = answers.get(timeout=exchange.left_seconds())
    except queue.Empty:
        raise TimedOutError(
            f"expected the address of {host} in time, found the look-up still going on; see the machine's DNS"
        ) from None
    if isinstance(found, OSError):
        raise UnavailableError(
            f"expected an address of {host}, found: {found.strerror}; correct the name, or see the machine's DNS"
        ) from found
    return found

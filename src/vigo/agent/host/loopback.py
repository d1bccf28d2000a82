"""A connection to a port on the machine's own loopback address."""

import asyncio
import os
import socket
from contextlib import suppress
from datetime import timedelta
from typing import Final

from vigo.agent.host.faults import told
from vigo.core.errors import UnavailableError

CONNECT_WITHIN: Final = timedelta(seconds=10)
_FAMILIES: Final = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


class Loopback:
    """A connection. Reads and writes never wait."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self.descriptor = connected.fileno()

    def read(self, most_bytes: int) -> bytes:
        """Return what came, nothing once nothing more will.

        Raises:
            BlockingIOError: nothing is there yet.
        """
        try:
            return os.read(self.descriptor, most_bytes)
        except ConnectionError:
            return b""

    def write(self, data: bytes) -> int:
        """Send something; return how much of it found room.

        Raises:
            BlockingIOError: nothing did.
            OSError: the other side is gone.
        """
        return os.write(self.descriptor, data)

    def end_input(self) -> None:
        """Say that nothing more is sent."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def resize(self, columns: int, rows: int) -> None:
        """Do nothing: a connection has no size."""

    def exit_code(self) -> int | None:
        """Return None: a connection has none."""
        return None

    async def ended(self) -> None:
        """Return at once: nothing was started."""

    async def end_all(self) -> None:
        """Let the other side know that nobody listens any more."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it."""
        self._socket.close()


async def connect_to(port: int) -> Loopback:
    """Return a connection to a port on 127.0.0.1, or on ::1 where nobody listens there.

    Raises:
        UnavailableError: nobody listens on either, or does not answer.
    """
    reasons = []
    for family, address in _FAMILIES:
        connecting = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            async with asyncio.timeout(CONNECT_WITHIN.total_seconds()):
                await asyncio.get_running_loop().sock_connect(connecting, (address, port))
        except TimeoutError:
            reasons.append(f"{address}: no answer within {CONNECT_WITHIN.total_seconds():g} s")
        except OSError as error:
            reasons.append(f"{address}: {told(error)}")
        else:
            connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return Loopback(connecting)
        connecting.close()
    raise UnavailableError(f"expected a program that listens on port {port} of this machine, found none: {reasons[0]}")

"""A local port that leads to a port of a machine: each connection to it is a session of its own."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Final

from vigo.cli.client.scrier_link import ScrierLink
from vigo.cli.client.target import Target
from vigo.core.errors import UnavailableError, VigoError
from vigo.core.terminal import print_line

_LOOPBACK: Final = "127.0.0.1"
_MOST_BYTES: Final = 64 * 1024


class _Connection:
    """One local connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """Return what was sent, nothing at its end."""
        try:
            return await self._reader.read(_MOST_BYTES)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        """Send what came."""
        self._writer.write(data)
        await self._writer.drain()

    async def end(self) -> None:
        """Say that nothing more comes."""
        if self._writer.can_write_eof():
            self._writer.write_eof()

    def size(self) -> tuple[int, int]:
        """Return what no one looks at."""
        return 80, 24

    async def resized(self) -> None:
        """Never return."""
        await asyncio.Event().wait()

    def told(self, problem: str) -> None:
        """Say on standard error that the way to the server broke or stands again."""
        text = f"vigocli: {problem}; trying again" if problem else "vigocli: connected again"
        print_line(text, colour="yellow", error=True)


async def listen(
    port: int, target: Target, context: ssl.SSLContext, open_scrier: Callable[[], Any], ready: Callable[[int], None]
) -> None:
    """Lead each connection to a local port through a session, until cancelled. `ready` hears the port.

    Raises:
        UnavailableError: the port cannot be had.
    """

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            created = await asyncio.to_thread(open_scrier)
            over = await ScrierLink(target, context, created["id"], _Connection(reader, writer)).run()
            if over.reason:
                print_line(f"vigocli: {over.reason}", colour="yellow", error=True)
        except (VigoError, OSError) as error:
            print_line(f"vigocli: {error}", colour="red", error=True)
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(connected, _LOOPBACK, port)
    except OSError as error:
        raise UnavailableError(
            f"{_LOOPBACK}:{port}: cannot be listened on: {error.strerror}; give another local port, as LOCAL:PORT"
        ) from error
    async with server:
        ready(server.sockets[0].getsockname()[1])
        await server.serve_forever()

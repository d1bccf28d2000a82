"""The connection of a session: from what is near (a terminal, a pipe, a local connection) to the server, and back.

It outlives broken connections: each side keeps what the other one has not taken, and goes on with that on the next one.
"""

import asyncio
import ssl
from contextlib import suppress
from datetime import timedelta
from typing import Final, Protocol
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from vigo.cli.client.target import Target
from vigo.core.errors import InvalidError, UnauthenticatedError, UnavailableError
from vigo.core.flow import WINDOW_BYTES, Incoming, Outgoing, Part
from vigo.core.scrier import RESUME_WITHIN
from vigo.core.wire.attach_messages import Attach, Attached, Last, Leave, Over, Resize, Taken, server_message, to_text

_OPEN_WITHIN: Final = timedelta(seconds=10)
_PING_EVERY: Final = timedelta(seconds=5)
_GOING_AWAY: Final = 1001
_PAUSE: Final = timedelta(seconds=1)
_LOOK_EVERY: Final = timedelta(milliseconds=5)
_MOST_MESSAGE: Final = WINDOW_BYTES + 64 * 1024


class Near(Protocol):
    """What is on this side of a session."""

    async def read(self) -> bytes:
        """Return what is to be sent, nothing at its end."""
        ...

    async def write(self, data: bytes) -> None:
        """Take what came; return once there is room for more."""
        ...

    async def end(self) -> None:
        """Take note that nothing more comes."""
        ...

    def size(self) -> tuple[int, int]:
        """Return the columns and rows of a terminal."""
        ...

    async def resized(self) -> None:
        """Return once they have changed."""
        ...

    def told(self, problem: str) -> None:
        """Tell a person that the connection broke, or with an empty text that it stands again."""
        ...


class ScrierLink:
    """One session, from its opening to its end."""

    def __init__(self, target: Target, context: ssl.SSLContext, scrier: str, near: Near) -> None:
        parts = urlsplit(target.url)
        self._url = urlunsplit(("wss", parts.netloc, f"/api/v1/scriers/{scrier}/terminal", "", ""))
        self._token = target.token
        self._context = context
        self._near = near
        self._typed, self._shown = Outgoing(), Incoming()
        self._arrived = asyncio.Queue[bytes]()
        self._news, self._room, self._is_written = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._has_new_size = self._is_taken_due = self._is_leaving = False

    async def run(self) -> Over:
        """Return how it ended.

        Raises:
            UnauthenticatedError: the token is not accepted.
            UnavailableError: the server is out of reach for too long.
        """
        moving = [asyncio.create_task(one) for one in (self._read(), self._write(), self._measure())]
        try:
            over = await self._until_over(moving)
            await self._written(moving)
            return over
        finally:
            for task in moving:
                task.cancel()
            await asyncio.gather(*moving, return_exceptions=True)

    def leave(self) -> None:
        """End it."""
        self._is_leaving = True
        self._news.set()

    async def _until_over(self, moving: list["asyncio.Task[None]"]) -> Over:
        loop = asyncio.get_running_loop()
        broken_at, problem = loop.time(), ""
        while True:
            try:
                async with connect(
                    self._url,
                    ssl=self._context,
                    additional_headers={"Authorization": f"Bearer {self._token}"},
                    compression=None,
                    max_size=_MOST_MESSAGE,
                    proxy=None,
                    open_timeout=_OPEN_WITHIN.total_seconds(),
                    ping_interval=_PING_EVERY.total_seconds(),
                    ping_timeout=_PING_EVERY.total_seconds(),
                    close_timeout=_PAUSE.total_seconds(),
                ) as socket:
                    over = await self._attached(socket, moving, is_back=bool(problem))
                if over is not None:
                    return over
                problem = "the server closed the connection"
            except InvalidStatus as error:
                raise UnauthenticatedError(
                    f"the server refuses this session (HTTP status {error.response.status_code}): the token is no"
                    " longer in force"
                ) from error
            except (OSError, WebSocketException, TimeoutError) as error:
                if not problem:
                    broken_at = loop.time()
                problem = str(error) or type(error).__name__
            else:
                broken_at = loop.time()
            if self._is_leaving:
                return Over(reason="left while the server was out of reach")
            if loop.time() - broken_at > RESUME_WITHIN.total_seconds():
                raise UnavailableError(f"the server is out of reach: {problem}")
            self._near.told(problem)
            await asyncio.sleep(_PAUSE.total_seconds())

    async def _attached(
        self, socket: ClientConnection, moving: list["asyncio.Task[None]"], *, is_back: bool
    ) -> Over | None:
        columns, rows = self._near.size()
        with suppress(ConnectionClosed):  # the server has said already why it does not want us
            await socket.send(to_text(Attach(self._shown.received_bytes, columns, rows)))
        first = await socket.recv()
        answer = server_message(first if isinstance(first, str) else "")
        if isinstance(answer, Over):
            return answer
        if not isinstance(answer, Attached):
            raise InvalidError("expected that the server first says where it is, found another message")
        self._typed.resume(answer.input_from)
        self._is_taken_due = self._shown.taken_bytes > 0  # what was said of it before may be lost
        if is_back:
            self._near.told("")
        self._news.set()
        sending = asyncio.create_task(self._send(socket))
        receiving = asyncio.create_task(self._receive(socket))
        try:
            done, _ = await asyncio.wait((sending, receiving, *moving), return_when=asyncio.FIRST_COMPLETED)
            while done.issubset(moving):
                for task in done:
                    task.result()  # it ended by itself, or with an error of the near side
                left = [task for task in moving if not task.done()]
                done, _ = await asyncio.wait((sending, receiving, *left), return_when=asyncio.FIRST_COMPLETED)
            if sending in done and not isinstance(sending.exception(), ConnectionClosed):
                sending.result()
            # The connection may break while we send; what was received before that counts.
            return await receiving
        except ConnectionClosed:
            return None
        except asyncio.CancelledError:
            await socket.close(_GOING_AWAY)  # so the server does not wait for us
            raise
        finally:
            for task in (sending, receiving):
                task.cancel()
            await asyncio.gather(sending, receiving, return_exceptions=True)

    async def _send(self, socket: ClientConnection) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            if self._has_new_size:
                self._has_new_size = False
                await socket.send(to_text(Resize(*self._near.size())))
            if self._is_taken_due:
                self._is_taken_due = False
                await socket.send(to_text(Taken(self._shown.taken_bytes)))
            while (part := self._typed.next_part()) is not None:
                if part.data:
                    await socket.send(part.data)
                if part.is_last:
                    await socket.send(to_text(Last()))
            if self._is_leaving:
                await socket.send(to_text(Leave()))

    async def _receive(self, socket: ClientConnection) -> Over | None:
        async for message in socket:
            if isinstance(message, bytes):
                # It is bounded by the window: the server sends no more before this was written.
                self._arrived.put_nowait(self._shown.receive(Part(self._shown.received_bytes, message)))
                continue
            said = server_message(message)
            if isinstance(said, Taken):
                self._typed.take(said.taken_bytes)
                self._room.set()
            elif isinstance(said, Last):
                self._arrived.put_nowait(b"")
            elif isinstance(said, Over):
                return said
        return None

    async def _read(self) -> None:
        while data := await self._from_near():
            while data:
                while not self._typed.room_bytes:
                    self._room.clear()
                    await self._room.wait()
                fits = self._typed.room_bytes
                self._typed.add(data[:fits])
                data = data[fits:]
                self._news.set()
        self._typed.close()
        self._news.set()

    async def _from_near(self) -> bytes:
        try:
            return await self._near.read()
        except OSError:  # as good as its end
            return b""

    async def _write(self) -> None:
        written = 0
        while True:
            self._is_written.set()
            data = await self._arrived.get()
            self._is_written.clear()
            if not data:
                await self._near.end()
                continue
            try:
                await self._near.write(data)
            except OSError:  # nobody is there any more who would take it
                self.leave()
                return
            written += len(data)
            if self._shown.take(written):
                self._is_taken_due = True
                self._news.set()

    async def _written(self, moving: list["asyncio.Task[None]"]) -> None:
        """Return once all that came is written, or nobody takes it any more."""
        _, writing, _ = moving
        with suppress(TimeoutError):
            async with asyncio.timeout(RESUME_WITHIN.total_seconds()):
                while not writing.done() and not (self._arrived.empty() and self._is_written.is_set()):  # noqa: ASYNC110 - it is over in a moment
                    await asyncio.sleep(_LOOK_EVERY.total_seconds())

    async def _measure(self) -> None:
        while True:
            await self._near.resized()
            self._has_new_size = True
            self._news.set()

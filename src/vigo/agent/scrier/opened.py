"""One scrier that is open on this machine: what is typed goes in, what is shown goes out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final, Protocol

from vigo.agent.host.descriptors import readable, writable
from vigo.core.flow import PART_BYTES, Incoming, Outgoing, Part
from vigo.core.ids import ScrierId
from vigo.core.scrier import ScrierEnd, ScrierOrder
from vigo.core.wire.scrier_messages import ScrierData, ScrierEnded, ScrierOpened, ScrierReply, ScrierTaken

Tell = Callable[[ScrierReply], Awaitable[None]]
"""Says something on the stream that is held; what is not heard is said again on the next."""

_ENDS_WITHIN: Final = timedelta(seconds=2)
"""Of closing its terminal, a shell has ended too."""

_ENDS_INPUT_EVERY: Final = timedelta(seconds=1)

_log = logging.getLogger(__name__)


class Far(Protocol):
    """What a scrier is connected to: a terminal with a shell, or a socket."""

    descriptor: int

    def read(self, most_bytes: int) -> bytes:
        """Return what came, nothing at the end; raise BlockingIOError where nothing is there yet."""
        ...

    def write(self, data: bytes) -> int:
        """Return how much was taken; raise BlockingIOError where nothing was, OSError where nothing ever will be."""
        ...

    def end_input(self) -> None:
        """Say that nothing more is written."""
        ...

    def resize(self, columns: int, rows: int) -> None:
        """Give a terminal another size."""
        ...

    def exit_code(self) -> int | None:
        """Return how a shell ended, None while it runs and for what has none."""
        ...

    async def ended(self) -> None:
        """Return once the shell has ended; at once for what has none."""
        ...

    async def end_all(self) -> None:
        """End all that was started."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...


class OpenedScrier:
    """Runs from `start` until it ended by itself, at its limit, or by `end`; then `close` waits for what is left."""

    def __init__(self, order: ScrierOrder, far: Far, tell: Tell) -> None:
        self.order = order
        self.ended: ScrierEnd | None = None
        self._far = far
        self._tell = tell
        self._output, self._input = Outgoing(), Incoming()
        self._to_write = bytearray()
        self.is_asked_for = True
        """On the stream that is held, and that was answered; before, how much the server has of it is not known."""
        self.takes_input = True
        """The server can know where to go on: it asked for it on the stream that is held."""
        self._news, self._room, self._typed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._reason: str | None = None
        self._is_taken_due = False
        self._is_closed = False
        self._is_over = asyncio.Event()
        self._living: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None

    @property
    def id(self) -> ScrierId:
        """Its id."""
        return self.order.scrier

    def start(self) -> None:
        """Begin."""
        self._living = asyncio.create_task(self._live())
        self._telling = asyncio.create_task(self._tell_all())

    def detach(self) -> None:
        """Say nothing until the server asks for it on another stream."""
        self.is_asked_for = self.takes_input = False

    async def attach(self, output_from: int) -> None:
        """Go on where the server has the output up to an offset; it asks on another stream.

        Raises:
            InvalidError: that offset is none of it.
        """
        self._output.resume(output_from)
        self.takes_input = True
        self._is_taken_due = self._input.taken_bytes > 0  # what was said of it before may be lost
        await self._tell(ScrierOpened(self.id, self._input.received_bytes))
        self.is_asked_for = True
        self._news.set()

    def type_in(self, part: Part) -> None:
        """Take a part of the input.

        Raises:
            InvalidError: it does not follow what came before.
        """
        self._to_write += self._input.receive(part)
        self._typed.set()

    def taken(self, taken_bytes: int) -> None:
        """Hear how much of the output is out of the way.

        Raises:
            InvalidError: so much was never sent.
        """
        self._output.take(taken_bytes)
        self._room.set()

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        if self.ended is None:
            self._far.resize(columns, rows)

    def end(self, reason: str) -> None:
        """End it with all that it started."""
        if self._reason is None and self.ended is None:
            self._reason = reason
            self._is_over.set()

    async def close(self) -> None:
        """Return when nothing of it is left."""
        self.end("closed")
        if self._living is not None and self._telling is not None:
            await self._living
            self._is_closed = True
            self._news.set()
            await self._telling

    async def _live(self) -> None:
        """Move bytes until it is over, and note how it ended."""
        work = [self._show(), self._write()] + ([self._watch()] if self.order.kind == "shell" else [])
        moving = [asyncio.create_task(one) for one in work]
        for task in moving:
            task.add_done_callback(self._moved)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.order.longest.total_seconds()):
                    await self._is_over.wait()
            if not self._is_over.is_set():
                self.end(f"it was open for {self.order.longest.total_seconds():g} s, which is its limit")
        finally:
            for task in moving:
                task.cancel()
            await asyncio.gather(*moving, return_exceptions=True)
            exit_code = await self._put_away()
            self._output.close()
            self.ended = ScrierEnd(exit_code=exit_code if self._reason is None else None, reason=self._reason or "")
            self._news.set()

    def _moved(self, task: "asyncio.Task[None]") -> None:
        """End it where moving its bytes failed in a way that nobody foresaw."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("a scrier ends through an internal fault scrier=%s", self.id, exc_info=error)
            self.end(f"an internal fault of the agent: {error}")

    async def _put_away(self) -> int | None:
        """Return how a shell ended by itself; else end it with all that it started."""
        if self._reason is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_ENDS_WITHIN.total_seconds()):
                    await self._far.ended()
        code = self._far.exit_code()
        if self._reason is not None or code is None:
            await self._far.end_all()
        self._far.close()
        return code

    async def _show(self) -> None:
        """Read what is printed as long as there is room for it."""
        while self._reason is None:
            await self._wait_for_room()
            await readable(self._far.descriptor)
            await self._wait_for_room()
            if not self._read():
                break
        self._is_over.set()

    async def _wait_for_room(self) -> None:
        while not self._output.room_bytes:
            self._room.clear()
            await self._room.wait()

    def _read(self) -> bool:
        """Take what is there; return whether more may come."""
        try:
            data = self._far.read(min(PART_BYTES, self._output.room_bytes))
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._output.add(data)
        self._news.set()
        return bool(data)

    async def _write(self) -> None:
        """Write what was typed, and say so from time to time."""
        while True:
            while not self._to_write:
                if self._input.is_complete:
                    await self._end_input()
                    return
                self._typed.clear()
                await self._typed.wait()
            try:
                written = self._far.write(bytes(self._to_write[:PART_BYTES]))
            except BlockingIOError:
                await writable(self._far.descriptor)
                continue
            except OSError:  # what is still printed is shown; whoever reads that learns of the end
                return
            del self._to_write[:written]
            if self._input.take(self._input.received_bytes - len(self._to_write)):
                self._is_taken_due = True
                self._news.set()

    async def _end_input(self) -> None:
        """Type an end of file, to a shell until it ends: one that is typed while it sets its terminal up gets lost."""
        self._far.end_input()
        while self.order.kind == "shell":
            await asyncio.sleep(_ENDS_INPUT_EVERY.total_seconds())
            self._far.end_input()

    async def _watch(self) -> None:
        """Notice that the shell ended though something in the background still has its terminal."""
        await self._far.ended()
        total_bytes = -1
        while self._output.total_bytes > total_bytes:
            total_bytes = self._output.total_bytes
            await self._wait_for_room()
            if not self._read():
                break
        self._is_over.set()

    async def _tell_all(self) -> None:
        """Tell the output as it comes, and at last how it ended. Nothing cancels it: half a message ends the stream."""
        while not self._is_closed:
            await self._news.wait()
            self._news.clear()
            if self._is_taken_due and self.is_asked_for:
                self._is_taken_due = False
                await self._tell(ScrierTaken(self.id, self._input.taken_bytes))
            while self.is_asked_for and (part := self._output.next_part()) is not None:
                await self._tell(ScrierData(self.id, part))
            if self.ended is not None and self.is_asked_for and self._output.is_told:
                await self._tell(ScrierEnded(self.id, self.ended))

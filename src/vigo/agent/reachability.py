"""Being reachable: a daemon holds a stream to its server, and opens it anew when it ends."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from datetime import timedelta
from typing import Final

from vigo.agent.link.backoff import RandomShare, backoff_delay
from vigo.agent.link.channel import OpenStream
from vigo.agent.link.listening import Speaker, listen, opened
from vigo.agent.scrier.desk import ScrierDesk
from vigo.agent.tasks.desk import TaskDesk
from vigo.core.errors import ForbiddenError, UnauthenticatedError, VigoError
from vigo.core.wire.scrier_messages import ScrierRequest
from vigo.core.wire.stream_messages import CancelTask, CheckInNow, ServerMessage, StartTask, TaskStored

LONGEST_PAUSE: Final = timedelta(seconds=20)
"""Between two tries to open the stream of a server that answered the last check-in."""

REFUSED: Final = "the server refuses this machine"

Asked = Callable[[timedelta], object]
"""Hears that the server asks for a check-in within a time."""

_log = logging.getLogger(__name__)


class Reachability:
    """Keeps one stream, on which `desk` hears of tasks and `scriers` of interactive sessions.

    `turn` is held while it is opened, since that uses the connection of the cycles. It is opened only while the server
    answers check-ins; those look for a server that is gone.
    """

    def __init__(
        self,
        open_stream: Callable[[], AbstractAsyncContextManager[OpenStream]],
        turn: Callable[[], AbstractAsyncContextManager[None]],
        asked: Asked,
        desk: TaskDesk,
        scriers: ScrierDesk,
        random_share: RandomShare,
    ) -> None:
        self._open_stream = open_stream
        self._turn = turn
        self._asked = asked
        self._desk = desk
        self._scriers = scriers
        self._random_share = random_share
        self._is_there = asyncio.Event()
        self._failures = 0
        self._keeping: asyncio.Task[None] | None = None

    def is_server_there(self, *, is_there: bool) -> None:
        """Say whether the last check-in was answered."""
        if is_there:
            self._is_there.set()
        else:
            self._is_there.clear()

    def start(self) -> None:
        """Hold a stream from now on, until `end`."""
        self._keeping = asyncio.create_task(self._keep())

    async def end(self) -> None:
        """Let go of the stream."""
        if self._keeping is not None:
            keeping, self._keeping = self._keeping, None
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping

    async def _keep(self) -> None:
        me = asyncio.current_task()
        # A cancellation by itself need not end it: grpclib turns one into an error where a stream breaks just then.
        while self._keeping is me:
            await self._is_there.wait()
            try:
                async with AsyncExitStack() as stack:
                    async with self._turn():
                        stream = await stack.enter_async_context(self._open_stream())
                        # No other request may overtake the one that opens it: its number would be too low.
                        beat = await opened(stream)
                    self._failures = 0
                    _log.info("stream opened")
                    speaker = Speaker(stream, beat)
                    for one in (self._desk, self._scriers):
                        one.attach(speaker.say)
                        stack.callback(one.detach)
                    await listen(stream, beat, speaker, self._hear)
            except (UnauthenticatedError, ForbiddenError) as error:
                # Whether this envoy was let in again is for the next check-in to find out.
                self._is_there.clear()
                self._desk.stop_all(REFUSED)
                self._scriers.stop_all(REFUSED)
                _log.warning("stream refused reason=%s", error)
            except VigoError as error:
                _log.info("stream ended reason=%s", error)
            except Exception:  # noqa: BLE001 - a daemon outlives any one stream
                _log.exception("stream ended through an internal fault")
            self._failures += 1
            await asyncio.sleep(backoff_delay(self._failures, self._random_share, cap=LONGEST_PAUSE).total_seconds())

    async def _hear(self, message: ServerMessage) -> None:
        if isinstance(message, CheckInNow):
            self._asked(message.within)
        elif isinstance(message, StartTask | CancelTask | TaskStored):
            await self._desk.hear(message)
        elif isinstance(message, ScrierRequest):
            await self._scriers.hear(message)

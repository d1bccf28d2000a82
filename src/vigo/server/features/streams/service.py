"""The streams that envoys hold: who can be reached now, and what is said to them without being asked."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from datetime import datetime, timedelta
from typing import Final, Protocol

from vigo.core.clock import Clock
from vigo.core.errors import LapsedError, TimedOutError, UnauthenticatedError, UnavailableError, VigoError
from vigo.core.ids import EnvoyId
from vigo.core.wire.stream_messages import (
    BEATS_OF_PATIENCE,
    AgentMessage,
    CheckInNow,
    ServerMessage,
    StreamOpened,
)
from vigo.core.wire.stream_messages import Beat as BeatMessage
from vigo.server.platform.auth.gate import Envoy

BEAT: Final = timedelta(seconds=10)
"""How often each stream carries a sign of life."""

SWEEP: Final = timedelta(seconds=2)
"""How often it is looked who was revoked, whose certificate ended and who fell silent."""

COMES_BACK_WITHIN: Final = timedelta(seconds=30)
"""An agent whose stream broke opens another within this, where its machine and its network are there."""

_A_SECOND: Final = 800
"""So many envoys check in within a second of a push, whatever their number."""

_MOST_WAITING: Final = 32
"""Messages that wait for one envoy. It takes them at once unless its network is gone."""

_MOST_IN_A_BEAT: Final = 1_000
"""An agent answers beats, and tells of its tasks with pauses. One that says far more would take time from others."""

_log = logging.getLogger(__name__)


class Listener(Protocol):
    """Hears of streams, and what is said on them."""

    def opened(self, envoy: EnvoyId) -> None:
        """An envoy can be told things from now on."""
        ...

    async def heard(self, envoy: EnvoyId, message: AgentMessage) -> bool:
        """Hear what an envoy says; it says nothing more until this returns.

        True is for what was asked for and is bounded by that, so that it is not counted as chatter.
        """
        ...


class _Stream:
    """One stream. What ends it stands in its queue behind what was to be said before."""

    def __init__(self, envoy: Envoy, since: datetime, not_after: datetime, heard_at: timedelta) -> None:
        self.envoy = envoy
        self.since = since
        self.not_after = not_after
        self.heard_at = heard_at
        self.queue: asyncio.Queue[ServerMessage | VigoError] = asyncio.Queue(_MOST_WAITING + 1)
        self.task = asyncio.current_task()
        self.ended_at: timedelta | None = None
        self.has_room = asyncio.Event()

    def say(self, message: ServerMessage) -> bool:
        """Return whether the message found room."""
        if self.ended_at is not None or self.queue.qsize() >= _MOST_WAITING:
            return False
        self.queue.put_nowait(message)
        return True

    def end(self, error: VigoError, now: timedelta) -> None:
        """End it with a reason; where even that cannot be sent it is cut."""
        if self.ended_at is None:
            self.ended_at = now
            self.queue.put_nowait(error)
            self.has_room.set()  # there will be none, and nobody is to wait for it


def spread(envoys: int) -> timedelta:
    """Return over what time so many envoys shall check in; one alone need not wait."""
    return timedelta(seconds=max(envoys - 1, 0) / _A_SECOND)


class StreamService:
    """One stream an envoy: a newer one takes the place of an older one, which may be half-open."""

    def __init__(self, clock: Clock, beat: timedelta = BEAT) -> None:
        self._clock = clock
        self._beat = beat
        self._streams: dict[EnvoyId, _Stream] = {}
        self._left_at: dict[EnvoyId, timedelta] = {}
        self._listeners: list[Listener] = []
        self.changes = 0
        """How many streams began or ended since the start: who saw the same number has seen everything."""

    def __len__(self) -> int:
        return len(self._streams)

    def connected_since(self, envoy: EnvoyId) -> datetime | None:
        """Return since when an envoy holds a stream, None where it holds none."""
        found = self._streams.get(envoy)
        return None if found is None else found.since

    def is_expected(self, envoy: EnvoyId) -> bool:
        """Return whether an envoy without a stream held one just now: most come back, and are not to be missed."""
        left_at = self._left_at.get(envoy)
        return left_at is not None and self._clock.monotonic() - left_at < COMES_BACK_WITHIN

    def attend(self, listener: Listener) -> None:
        """Have a listener hear of all streams from now on."""
        self._listeners.append(listener)

    def tell(self, envoy: EnvoyId, message: ServerMessage) -> bool:
        """Tell an envoy something; return whether it could be told."""
        found = self._streams.get(envoy)
        return found is not None and found.say(message)

    def have_check_in(self, envoys: Collection[EnvoyId], within: timedelta | None = None) -> set[EnvoyId]:
        """Have envoys check in, spread over this time or over what the server takes; return those that were told."""
        message = CheckInNow(spread(len(envoys)) if within is None else within)
        return {envoy for envoy in envoys if self.tell(envoy, message)}

    def end(self, envoy: EnvoyId, error: VigoError) -> None:
        """End the stream of an envoy with a reason, where it holds one."""
        found = self._streams.get(envoy)
        if found is not None:
            found.end(error, self._clock.monotonic())

    async def say(self, envoy: EnvoyId, message: ServerMessage) -> bool:
        """Tell an envoy something once there is room for it; return whether it could be told."""
        found = self._streams.get(envoy)
        while found is not None and found.ended_at is None:
            if found.say(message):
                return True
            found.has_room.clear()
            await found.has_room.wait()
        return False

    async def hold(
        self, envoy: Envoy, messages: AsyncIterator[AgentMessage | None], *, not_after: datetime, source: str
    ) -> AsyncGenerator[ServerMessage, None]:
        """Yield what an envoy is to be told, for as long as it listens. `not_after` is when its certificate ends.

        Raises:
            LapsedError: its certificate ended.
            TimedOutError: it fell silent, or another stream took its place.
            UnauthenticatedError: it was revoked.
        """
        stream = _Stream(envoy, self._clock.now(), not_after, self._clock.monotonic())
        former = self._streams.get(envoy.id)
        if former is not None:
            former.end(TimedOutError("another stream of this envoy took the place of this one"), stream.heard_at)
        self._streams[envoy.id] = stream
        self.changes += 1
        _log.info("stream opened envoy=%s hostname=%s source=%s", envoy.id, envoy.hostname, source)
        reading = asyncio.create_task(self._listen(stream, messages))
        try:
            yield StreamOpened(self._beat)
            for listener in self._listeners:
                listener.opened(envoy.id)
            while True:
                yield await self._next(stream)
        finally:
            reading.cancel()
            stream.end(UnavailableError("the stream is gone"), self._clock.monotonic())
            if self._streams.get(envoy.id) is stream:
                del self._streams[envoy.id]
                self.changes += 1
                self._left_at[envoy.id] = self._clock.monotonic()
            _log.info("stream ended envoy=%s hostname=%s", envoy.id, envoy.hostname)

    async def sweep(self) -> None:
        """End the streams of who was revoked, whose certificate ended, or who fell silent."""
        now, silent_since = self._clock.monotonic(), self._clock.monotonic() - BEATS_OF_PATIENCE * self._beat
        for stream in tuple(self._streams.values()):
            if not stream.envoy.is_active:
                stream.end(UnauthenticatedError(f"the envoy of {stream.envoy.hostname} was revoked"), now)
            elif stream.not_after <= self._clock.now():
                stream.end(LapsedError("the certificate that this stream was opened with has ended"), now)
            elif stream.heard_at < silent_since:
                stream.end(TimedOutError("nothing was heard on this stream"), now)
            if stream.ended_at is not None and now - stream.ended_at > SWEEP and stream.task is not None:
                # It waits for a peer that takes nothing any more.
                stream.task.cancel()

    async def _next(self, stream: _Stream) -> ServerMessage:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._beat.total_seconds()):
                message = await stream.queue.get()
            stream.has_room.set()
            if isinstance(message, VigoError):
                raise message
            return message
        return BeatMessage()

    async def _listen(self, stream: _Stream, messages: AsyncIterator[AgentMessage | None]) -> None:
        since, count = stream.heard_at, 0
        try:
            async for message in messages:
                stream.heard_at = self._clock.monotonic()
                if stream.heard_at - since > self._beat:
                    since, count = stream.heard_at, 0
                if await self._told(stream, message):
                    continue
                count += 1
                if count > _MOST_IN_A_BEAT:
                    raise UnavailableError(
                        f"expected at most {_MOST_IN_A_BEAT} messages in {self._beat.total_seconds():g} s, found more"
                    )
        except VigoError as error:
            stream.end(error, self._clock.monotonic())
        else:
            stream.end(TimedOutError("the agent ended the stream"), self._clock.monotonic())

    async def _told(self, stream: _Stream, message: AgentMessage | None) -> bool:
        """Return whether somebody had asked for a message."""
        if message is None or self._streams.get(stream.envoy.id) is not stream:
            return False
        return any([await listener.heard(stream.envoy.id, message) for listener in self._listeners])

"""What those who watch a task are told, in its order."""

import asyncio
import codecs
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from vigo.core.ids import EnvoyId
from vigo.server.features.tasks.live import FINAL, LiveTarget, LiveTask
from vigo.server.features.tasks.models import (
    BeatEvent,
    EndEvent,
    NoteEvent,
    OutputEvent,
    StateEvent,
    TargetState,
    TaskDetail,
    TaskEvent,
    TaskTarget,
)
from vigo.server.platform.web.following import rings

_PAUSE: Final = timedelta(milliseconds=100)
"""Between two looks at a task for one who watches: what happened in between is told together."""


async def past(shown: TaskDetail) -> AsyncGenerator[TaskEvent, None]:
    """Yield what happened in a task that has ended."""
    for event in _events(shown.targets):
        yield event
    yield EndEvent(counts=shown.counts)


async def going_on(
    live: LiveTask, shown: TaskDetail, is_over: Callable[[], bool], is_closing: Callable[[], bool]
) -> AsyncGenerator[TaskEvent, None]:
    """Yield what happened and happens in a task until it has ended, or until the server stops."""
    # What ended before the server was started anew is in the database alone.
    before = zip(live.targets, shown.targets, strict=True)
    for event in _events([stored for target, stored in before if target.state in FINAL and not target.version]):
        yield event
    bell, seen, notes, followers = asyncio.Event(), 0, 0, dict[EnvoyId, _Follower]()
    live.watchers.add(bell)
    try:
        while not is_closing():
            bell.clear()
            # What changes while this is told is newer, and is told in the next round.
            former, seen = seen, live.version
            for target in live.targets:
                if target.version > former:
                    for event in followers.setdefault(target.envoy, _Follower()).events(target):
                        yield event
            for note in live.notes[notes:]:
                notes += 1
                yield NoteEvent(text=note)
            if live.version == seen and not live.left and is_over():
                yield EndEvent(counts=live.counts())
                return
            if not await rings(bell):
                yield BeatEvent(counts=live.counts())
            await asyncio.sleep(_PAUSE.total_seconds())
    finally:
        live.watchers.discard(bell)


class _Follower:
    """How much of one envoy's part someone has seen."""

    def __init__(self) -> None:
        self._state: TargetState = "waiting"
        self._seen_bytes = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def events(self, target: LiveTarget) -> Iterator[TaskEvent]:
        """Yield what is new of it."""
        text = self._news(target)
        if text:
            yield OutputEvent(hostname=target.hostname, text=text)
        if self._state != target.state:
            self._state = target.state
            yield StateEvent(target=target.shown())

    def _news(self, target: LiveTarget) -> str:
        """Return what was printed since, as far as it is kept; what is behind a gap comes with the final state."""
        is_over = target.state in FINAL
        data = target.output.whole() if is_over else bytes(target.output.head)
        new, self._seen_bytes = data[self._seen_bytes :], len(data)
        return self._decoder.decode(new, final=is_over)


def _events(targets: Sequence[TaskTarget]) -> Iterator[TaskEvent]:
    for target in targets:
        if target.output:
            yield OutputEvent(hostname=target.hostname, text=target.output)
        yield StateEvent(target=msgspec.structs.replace(target, output=""))

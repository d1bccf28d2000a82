"""Tasks that go on, in memory."""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from vigo.core.batches import batch_size
from vigo.core.ids import EnvoyId, TaskId
from vigo.core.task import FINAL_STATES, HEAD_BYTES, TAIL_BYTES, TaskEnd
from vigo.server.features.tasks.models import NewTask, TargetState, TaskTarget

FINAL: Final = frozenset(FINAL_STATES)
_STARTED: Final = frozenset({"succeeded", "failed", "timed-out", "lost"})
"""Final states of envoys on which a task did something, or may have."""


class KeptOutput:
    """What is kept of what one machine prints: the first part and the last, in the order in which they come."""

    def __init__(self) -> None:
        self.head = bytearray()
        self._tail = bytearray()
        self._tail_from = 0

    def add(self, offset: int, data: bytes) -> int:
        """Take a part; return by how many bytes what is kept has grown. What was taken before changes nothing."""
        before = self.size_bytes
        if offset < HEAD_BYTES:
            if offset == len(self.head):
                self.head += data[: HEAD_BYTES - offset]
        else:
            if offset != self._tail_from + len(self._tail):
                self._tail.clear()
                self._tail_from = offset
            self._tail += data[: TAIL_BYTES - len(self._tail)]
        return self.size_bytes - before

    @property
    def size_bytes(self) -> int:
        """How much is kept."""
        return len(self.head) + len(self._tail)

    def whole(self) -> bytes:
        """Return what is kept, with a line for what is not."""
        left_out = self._tail_from - len(self.head) if self._tail else 0
        cut = f"\n... {left_out} bytes left out ...\n".encode() if left_out > 0 else b""
        return bytes(self.head) + cut + bytes(self._tail)


class LiveTarget:
    """A task on one envoy."""

    __slots__ = (
        "deadline",
        "end",
        "ended_at",
        "envoy",
        "hostname",
        "is_cancelled",
        "is_parked",
        "is_storing",
        "is_told",
        "output",
        "position",
        "started_at",
        "state",
        "version",
    )

    def __init__(self, position: int, envoy: EnvoyId, hostname: str, state: TargetState = "waiting") -> None:
        self.position = position
        self.envoy = envoy
        self.hostname = hostname
        self.state: TargetState = state
        self.started_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.deadline: timedelta | None = None
        """Until when something has to be heard of it; while it waits for its envoy, until when it does."""
        self.end: TaskEnd | None = None
        """How it ended, from before that is stored."""
        self.is_storing = False
        self.is_parked = False
        self.is_cancelled = False
        self.is_told = True
        """Whether the envoy was told what it is to do, as far as it was its turn."""
        self.output = KeptOutput()
        self.version = 0

    def shown(self, output: str = "", state: TargetState | None = None) -> TaskTarget:
        """Return it as people see it, in its state or in the one that it is about to have."""
        state = state or self.state
        end = self.end if state in FINAL else None
        return TaskTarget(
            id=self.envoy,
            hostname=self.hostname,
            state=state,
            exit_code=None if end is None else end.exit_code,
            started_at=self.started_at,
            ended_at=self.ended_at,
            duration_ms=None if end is None else end.duration_ms,
            reason="" if end is None else end.reason,
            output=output,
            output_bytes=len(self.output.head) if end is None else end.output_bytes,
        )


class LiveTask:
    """A task that has not ended everywhere. Changed on the event loop only."""

    def __init__(
        self,
        number: int,
        task: TaskId,
        wanted: NewTask,
        created_at: datetime,
        created_by: str,
        targets: Sequence[LiveTarget],
        cancelled_by: str | None = None,
    ) -> None:
        self.number = number
        self.cancelled_by = cancelled_by
        self.id = task
        self.wanted = wanted
        self.created_at = created_at
        self.created_by = created_by
        self.targets = targets
        self.left = sum(target.state not in FINAL for target in targets)
        self.failures = sum(target.state in FINAL and target.state != "succeeded" for target in targets)
        self.under_way = sum(target.state in ("sent", "running") for target in targets)
        """How many were sent and have no final state yet."""
        self.stop_reason = ""
        """Why no other envoy is started, or an empty text."""
        self.ended_at: datetime | None = None
        self.watchers: set[asyncio.Event] = set()
        self.version = 0
        """Grows with each change of a target, which has it then."""
        size = batch_size(wanted.batch, len(targets))
        self._batches = deque(targets[first : first + size] for first in range(0, len(targets), size))
        self._due: deque[LiveTarget] = deque()
        self._former: Sequence[LiveTarget] = ()
        """The batch that began last, until it is known to be healthy."""
        self.batch = 0
        """Which one that is, counted from 1."""
        self.check: TaskId | None = None
        """The task that looks whether it is."""
        self.notes: list[str] = []
        """What happened to the task as a whole, for those who watch it."""
        while self._batches and any(target.state != "waiting" for target in self._batches[0]):
            self._take_batch()  # it began before the server was started anew

    def next_due(self) -> LiveTarget | None:
        """Return the next envoy whose turn it is, None where none is before others have ended or are healthy."""
        if self.under_way >= (self.wanted.concurrency or len(self.targets)):
            return None
        while not self._due:
            if self.under_way or not self._batches or self.to_check():
                return None
            self._take_batch()
        return self._due.popleft()

    def _take_batch(self) -> None:
        self._former = self._batches.popleft()
        self.batch += 1
        self._due.extend(target for target in self._former if target.state == "waiting")

    def to_check(self) -> Sequence[LiveTarget]:
        """Return the envoys whose health decides whether the next batch begins; none where nothing is waited for."""
        if not self.wanted.health_check or self.under_way or self._due or not self._batches:
            return ()
        return [target for target in self._former if target.state in _STARTED]

    def is_healthy(self) -> None:
        """Let the next batch begin."""
        self._former = ()

    def note(self, text: str) -> None:
        """Have those who watch told of something."""
        self.notes.append(text)
        self.wake()

    def drop_due(self) -> list[LiveTarget]:
        """Return those whose turn has not come, which now never does."""
        left = [*self._due, *(target for batch in self._batches for target in batch if target.state == "waiting")]
        self._due.clear()
        self._batches.clear()
        return left

    def changed(self, target: LiveTarget) -> None:
        """Let those who watch see a target anew."""
        self.version += 1
        target.version = self.version
        self.wake()

    def wake(self) -> None:
        """Have those who watch look."""
        for watcher in self.watchers:
            watcher.set()

    def counts(self) -> dict[TargetState, int]:
        """Return how many envoys are in each state."""
        return dict(Counter(target.state for target in self.targets))

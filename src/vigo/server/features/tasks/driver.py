"""Having tasks run: telling envoys, hearing of them, and giving each exactly one final state."""

import asyncio
import logging
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.errors import UnavailableError
from vigo.core.ids import EnvoyId, TaskId, new_task_id
from vigo.core.signing import Signer
from vigo.core.task import TaskEnd, TaskOrder, sign_order
from vigo.core.wire.stream_messages import (
    AgentMessage,
    CancelTask,
    StartTask,
    TaskEnded,
    TaskOutput,
    TaskStarted,
    TaskStored,
)
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.streams.service import COMES_BACK_WITHIN, StreamService
from vigo.server.features.tasks import store
from vigo.server.features.tasks.ends import bounded, overdue, revoked
from vigo.server.features.tasks.health import begin_check, unhealthy
from vigo.server.features.tasks.live import FINAL, LiveTarget, LiveTask
from vigo.server.features.tasks.writing import Ends, TaskWriter
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.db.database import Database

SWEEP: Final = timedelta(seconds=1)
"""How often it is looked which deadline passed."""

START_WITHIN: Final = timedelta(seconds=60)
"""An agent says at once that it started a task. Its stream may break just then, and is opened anew within this."""

RETURN_WITHIN: Final = timedelta(seconds=60)
"""After a start of the server its envoys come back within this; until then none counts as absent."""

END_WITHIN: Final = timedelta(seconds=30)
"""Beyond its timeout: for ending what it started, and for telling that."""

CANCEL_WITHIN: Final = timedelta(seconds=60)
"""An agent that is connected has ended a task within this."""

LONGEST_LIFE: Final = timedelta(days=7)
"""Of a task as a whole: agents start nothing that was asked for longer ago."""

_MOST_MEMORY_BYTES: Final = 256 * 1024 * 1024
"""Of output of all that runs; more is not kept."""

_AT_ONCE: Final = 200
"""Envoys that are told to start without letting anything else be done: signing takes its time."""


_log = logging.getLogger(__name__)


class TaskDriver:
    """The tasks that go on. It hears of streams as their listener."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        envoys: EnvoyService,
        streams: StreamService,
        policy_key: Signer,
    ) -> None:
        self._database = database
        self._envoys = envoys
        self._trail = trail
        self._clock = clock
        self._streams = streams
        self._key = policy_key
        self._started = clock.monotonic()
        self._tasks: dict[TaskId, LiveTask] = {}
        self._under_way: dict[EnvoyId, dict[TaskId, LiveTarget]] = {}
        """What was sent to an envoy and has no final state, and what waits until it is connected."""
        self._kept_bytes = 0
        self._writer = TaskWriter(database, self._do, self._stored)
        self._work: set[asyncio.Task[None]] = set()
        streams.attend(self)

    def load(self) -> None:
        """Take up what went on when the server ended; call it before anything is served."""
        for task in self._database.read_now(store.going_on):
            self._tasks[task.id] = task
            for target in task.targets:
                if target.state == "sent":
                    target.deadline = self._clock.monotonic() + self._limit(task) + START_WITHIN
                    self._under_way.setdefault(target.envoy, {})[task.id] = target
                    target.is_cancelled = task.cancelled_by is not None
            if task.cancelled_by is not None:
                task.stop_reason = _cancelled(task.cancelled_by)
            checked = self._tasks.get(TaskId(task.wanted.checks))  # it is older
            if checked is not None:
                checked.check = task.id

    def find(self, task: TaskId) -> LiveTask | None:
        """Return a task that goes on."""
        return self._tasks.get(task)

    def wake_watchers(self) -> None:
        """Have all who watch a task look."""
        for task in self._tasks.values():
            task.wake()

    def begin(self, task: LiveTask) -> None:
        """Run a task that is stored."""
        self._tasks[task.id] = task
        self._advance(task)

    def cancel(self, task: LiveTask, by: str) -> None:
        """Start a task on no other envoy, and end it where it runs."""
        task.cancelled_by, reason = by, _cancelled(by)
        self._stop(task, reason)
        for target in task.targets:
            if target.state in FINAL or target.end is not None:
                continue
            target.is_cancelled = True
            if target.is_parked:
                self._finish(task, target, TaskEnd(state="cancelled", reason=reason))
            else:
                at_last = self._clock.monotonic() + CANCEL_WITHIN
                target.deadline = at_last if target.deadline is None else min(target.deadline, at_last)
                self._send(task, target)
        check = None if task.check is None else self._tasks.get(task.check)
        if check is not None:
            self.cancel(check, by)
        self._advance(task)

    def opened(self, envoy: EnvoyId) -> None:
        """Tell an envoy, anew or at last, what it is to run."""
        for task_id, target in tuple(self._under_way.get(envoy, {}).items()):
            task = self._tasks[task_id]
            if target.end is None:
                self._send(task, target)

    async def heard(self, envoy: EnvoyId, message: AgentMessage) -> bool:
        """Note what an envoy tells of a task that it was to run; anything else is no news."""
        if isinstance(message, TaskStarted | TaskOutput | TaskEnded):
            self._hear(envoy, message)
        return False

    def _hear(self, envoy: EnvoyId, message: TaskStarted | TaskOutput | TaskEnded) -> None:
        task, target = self._tasks.get(message.task), self._under_way.get(envoy, {}).get(message.task)
        if task is None or target is None or target.is_parked:
            # What has its final state keeps it. The agent need not keep what it knows.
            if isinstance(message, TaskEnded):
                self._streams.tell(envoy, TaskStored(message.task))
            else:
                self._streams.tell(envoy, CancelTask(message.task))
            return
        if isinstance(message, TaskStarted):
            self._runs(task, target)
        elif isinstance(message, TaskEnded):
            self._runs(task, target)
            end = bounded(message.end)
            if end.state == "cancelled":  # by whom, the agent does not know
                end = msgspec.structs.replace(end, reason=task.stop_reason or end.reason)
            self._finish(task, target, end)
        elif self._kept_bytes < _MOST_MEMORY_BYTES and target.end is None:
            self._kept_bytes += target.output.add(message.offset, message.data)
            task.changed(target)

    async def sweep(self) -> None:
        """Give a final state to what was not heard of in time, and try again what could not be stored."""
        now = self._clock.monotonic()
        for task in tuple(self._tasks.values()):
            if self._clock.now() - task.created_at > LONGEST_LIFE:
                self._stop(task, f"the task is older than {LONGEST_LIFE.days} days")
            self._advance(task)
        for envoy, targets in tuple(self._under_way.items()):
            record = self._envoys.find(envoy)
            is_out = record is None or not record.is_active
            for task_id, target in tuple(targets.items()):
                if target.end is not None:
                    self._store(self._tasks[task_id], target)
                elif is_out:
                    self._finish(self._tasks[task_id], target, revoked(target))
                elif target.deadline is not None and target.deadline < now:
                    self._finish(self._tasks[task_id], target, self._overdue(self._tasks[task_id], target))
                elif not target.is_told and not target.is_parked:
                    self._send(self._tasks[task_id], target)

    async def close(self) -> None:
        """Let what is being stored be stored."""
        await asyncio.gather(*self._work, return_exceptions=True)

    def _overdue(self, task: LiveTask, target: LiveTarget) -> TaskEnd:
        is_connected = self._streams.connected_since(target.envoy) is not None
        return overdue(target, task.wanted.kind, is_connected=is_connected)

    def _advance(self, task: LiveTask) -> None:
        """Start what is due."""
        most = task.wanted.max_failures
        if most is not None and task.failures > most and not task.stop_reason:
            task.stop_reason = f"{task.failures} did not succeed, which is more than {most}"
        if task.stop_reason:
            self._stop(task, task.stop_reason)
        begun = 0
        while begun < _AT_ONCE and (target := task.next_due()) is not None:
            if self._streams.connected_since(target.envoy) is None:
                self._park(task, target)
            else:
                task.under_way += 1
                self._under_way.setdefault(target.envoy, {})[task.id] = target
                self._send(task, target)
                begun += 1
        if task.check is None and not task.stop_reason and task.to_check():
            task.check = new_task_id()
            self._do(self._check(task, task.check))
        if begun == _AT_ONCE:  # others have their turn on the loop in between
            asyncio.get_running_loop().call_soon(self._advance, task)
        if not task.left and task.ended_at is None:
            task.ended_at = self._clock.now()
            self._do(self._end(task))

    async def _check(self, task: LiveTask, check: TaskId) -> None:
        """Look after the health of the batch that ended."""
        try:
            found = await begin_check(task, check, self._clock.now(), self._database, self._trail)
        except BaseException:
            task.check = None  # the next sweep tries again
            raise
        task.note(f"batch {task.batch} has ended; its health is checked on {len(found.targets)}")
        self.begin(found)
        if task.stop_reason:
            self.cancel(found, task.cancelled_by or task.created_by)

    def _checked(self, task: LiveTask, check: LiveTask) -> None:
        """Go on with a task, or stop it, after the check of a batch."""
        reason = unhealthy(task, check)
        task.check = None
        if reason:
            task.stop_reason = task.stop_reason or reason
        else:
            task.is_healthy()
        task.note(reason or f"batch {task.batch} is healthy")
        self._advance(task)

    def _park(self, task: LiveTask, target: LiveTarget) -> None:
        """Have a target wait for its envoy; it does not hold up the others."""
        now, is_expected = self._clock.monotonic(), self._streams.is_expected(target.envoy)
        queued_until = task.created_at + timedelta(seconds=task.wanted.queue_offline_seconds)
        target.deadline = max(
            now + (queued_until - self._clock.now()),
            self._started + RETURN_WITHIN,
            now + (COMES_BACK_WITHIN if is_expected else timedelta(0)),
        )
        target.is_parked = True
        self._under_way.setdefault(target.envoy, {})[task.id] = target
        if target.deadline <= now:
            self._finish(task, target, self._overdue(task, target))

    def _send(self, task: LiveTask, target: LiveTarget) -> None:
        """Tell an envoy to start, or to tell what became of it; who cannot hear it now is told on its next stream."""
        if target.is_cancelled:
            target.is_told = self._streams.tell(target.envoy, CancelTask(task.id))
            return
        if target.is_parked:
            target.is_parked = False
            task.under_way += 1
        if target.state == "waiting":
            target.state = "sent"
            target.deadline = self._clock.monotonic() + START_WITHIN
            task.changed(target)
            self._writer.sent(task, target)
        order = TaskOrder(
            task=task.id,
            envoy=target.envoy,
            kind=task.wanted.kind,
            command=task.wanted.command,
            user=task.wanted.user,
            nice=task.wanted.nice,
            environment=task.wanted.environment,
            timeout=timedelta(seconds=task.wanted.timeout_seconds),
            rows=task.wanted.rows,
            not_after=task.created_at + LONGEST_LIFE,
        )
        start = StartTask(sign_order(order, self._key), len(target.output.head))
        target.is_told = self._streams.tell(target.envoy, start)

    def _runs(self, task: LiveTask, target: LiveTarget) -> None:
        if target.state == "sent":
            target.state, target.started_at = "running", self._clock.now()
            target.deadline = self._clock.monotonic() + self._limit(task)
            task.changed(target)

    def _limit(self, task: LiveTask) -> timedelta:
        return timedelta(seconds=task.wanted.timeout_seconds) + END_WITHIN

    def _stop(self, task: LiveTask, reason: str) -> None:
        task.stop_reason = task.stop_reason or reason
        for target in task.drop_due():
            self._finish(task, target, TaskEnd(state="cancelled", reason=task.stop_reason))

    def _finish(self, task: LiveTask, target: LiveTarget, end: TaskEnd) -> None:
        """Give a target its final state; the first one counts."""
        if target.end is None:
            target.end = end
            self._under_way.setdefault(target.envoy, {})[task.id] = target
            self._store(task, target)

    def _store(self, task: LiveTask, target: LiveTarget) -> None:
        target.ended_at = target.ended_at or self._clock.now()
        self._writer.ended(task, target)

    def _stored(self, ends: Ends) -> None:
        for task, target in ends:
            self._ended(task, target)
        for task in {id(task): task for task, _ in ends}.values():
            self._advance(task)

    def _ended(self, task: LiveTask, target: LiveTarget) -> None:
        """Let a target have the final state that is stored."""
        end = target.end
        assert end is not None  # noqa: S101 - it is stored
        task.under_way -= target.state in ("sent", "running")
        target.state = end.state
        self._kept_bytes -= target.output.size_bytes
        task.left -= 1
        task.failures += end.state != "succeeded"
        mine = self._under_way[target.envoy]
        del mine[task.id]
        if not mine:
            del self._under_way[target.envoy]
        self._streams.tell(target.envoy, TaskStored(task.id))
        task.changed(target)

    async def _end(self, task: LiveTask) -> None:
        at = task.ended_at or self._clock.now()
        counts = {str(state): count for state, count in task.counts().items()}
        act = Act(actor=task.created_by, action="tasks.ended", subject=task.id, detail=counts)

        def job(connection: Connection) -> None:
            store.end(connection, task.number, at)
            self._trail.append(connection, act)

        try:
            await self._database.write(job)
        except BaseException:
            task.ended_at = None  # the next sweep tries again
            raise
        del self._tasks[task.id]
        task.wake()
        checked = self._tasks.get(TaskId(task.wanted.checks))
        if checked is not None and checked.check == task.id:
            self._checked(checked, task)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except UnavailableError as error:
                _log.error("what became of a task is not stored yet, it is tried again: %s", error)

        doing = asyncio.create_task(guarded())
        self._work.add(doing)
        doing.add_done_callback(self._work.discard)


def _cancelled(by: str) -> str:
    return f"cancelled by {by}"

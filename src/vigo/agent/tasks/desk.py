"""The tasks that the server asks of this envoy: started once, told as they go, ended in one way."""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import IO, Final

import msgspec

from vigo.agent.host.process import Ending, Sink
from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.tasks.records import Kept, TaskOutput, TaskRecords
from vigo.core.clock import Clock
from vigo.core.errors import InvalidError, TooLargeError, VigoError
from vigo.core.ids import TaskId
from vigo.core.task import HEAD_BYTES, MOST_AT_ONCE, FinalState, TaskEnd, TaskOrder, open_order
from vigo.core.wire.stream_messages import (
    AgentMessage,
    CancelTask,
    StartTask,
    TaskEnded,
    TaskStarted,
    TaskStored,
)
from vigo.core.wire.stream_messages import TaskOutput as OutputMessage

Say = Callable[[AgentMessage], Awaitable[None]]
RunTask = Callable[[TaskOrder, str | None, Sink, int], Ending]
"""Carries an order out to its end; see `vigo.agent.tasks.run_order`."""

PAUSE: Final = timedelta(milliseconds=100)
"""Between two parts of one task's output. One that prints without end takes a bounded part of the stream."""

_PRUNED_EVERY: Final = timedelta(hours=1)
_PART_BYTES: Final = 32 * 1024

STOPPED: Final = "the agent was stopped while it ran"
GONE: Final = "the agent was gone while it ran"
NOT_BEGUN: Final = "cancelled before it was started"

_log = logging.getLogger(__name__)


class _Running:
    """A task that runs. `stop_fd` can be read once it is to end. Source: eventfd(2)."""

    def __init__(self, order: TaskOrder, output: TaskOutput) -> None:
        self.order = order
        self.output = output
        self.told_bytes = 0
        self.is_asked_for = True  # on the stream that is held; before, how much the server has of it is not known
        self.ended_as: FinalState = "cancelled"
        self.reason = ""
        self.is_over = asyncio.Event()
        self.stop_fd = os.eventfd(0)

    def stop(self, state: FinalState, reason: str) -> None:
        """End it, for a reason; the first one counts."""
        if not self.reason:
            self.ended_as, self.reason = state, reason
            os.eventfd_write(self.stop_fd, 1)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.stop_fd)


class TaskDesk:
    """Runs tasks, also while no stream is held; what was not told is told on the next one."""

    def __init__(self, folder: IdentityFolder, run_task: RunTask, clock: Clock) -> None:
        self._folder = folder
        self._run_task = run_task
        self._clock = clock
        self._records = TaskRecords(folder.state_dir)
        self._running: dict[TaskId, _Running] = {}
        self._work: set[asyncio.Task[None]] = set()
        self._say: Say | None = None
        self._is_ending = False
        self._pruned_at = clock.monotonic()

    def start(self) -> None:
        """Take up what a former agent left."""
        try:
            self._records.give_up(GONE)
        except (VigoError, OSError) as error:
            _log.warning("tasks of before are not looked at reason=%s", error)
        self._prune()

    def _prune(self) -> None:
        self._pruned_at = self._clock.monotonic()
        try:
            self._records.prune(self._clock.now())
        except OSError as error:
            _log.warning("tasks of before are not forgotten reason=%s", error)

    def attach(self, say: Say) -> None:
        """Speak on a new stream. The server asks there for each task whose end it has not stored."""
        self._say = say
        for running in self._running.values():
            running.is_asked_for = False

    def detach(self) -> None:
        """The stream is gone."""
        self._say = None

    async def hear(self, message: StartTask | CancelTask | TaskStored) -> None:
        """Do what the server asks."""
        try:
            if isinstance(message, StartTask):
                await self._asked(message)
            elif isinstance(message, TaskStored):
                self._records.forget(message.task)
            else:
                await self._cancelled(message.task)
        except OSError as error:
            _log.warning("what is kept of tasks cannot be used reason=%s", error)

    def stop_all(self, reason: str) -> None:
        """End what runs, with all that it started."""
        for running in self._running.values():
            running.stop("lost", reason)

    async def end(self) -> None:
        """End what runs; it is told by the next agent."""
        self._is_ending = True
        self.stop_all(STOPPED)
        await asyncio.gather(*self._work, return_exceptions=True)

    async def _asked(self, start: StartTask) -> None:
        try:
            identity = self._folder.load()
            order = open_order(start.order, identity.verify_keys())
        except VigoError as error:
            # Whoever wrote this is not to be told anything about a task that it may have made up.
            _log.warning("a task is refused reason=%s", error)
            return
        running = self._running.get(order.task)
        if running is not None:
            running.told_bytes, running.is_asked_for = min(start.output_from, HEAD_BYTES), True
            await self._tell(TaskStarted(order.task))
            return
        kept = self._records.ended(order.task)
        if kept is not None:
            await self._tell_all(order.task, kept, self._records.head(order.task), start.output_from)
            return
        refusal = self._refusal(order, str(identity.envoy))
        try:
            if refusal is None and not await self._is_new(order):
                refusal = TaskEnd(state="lost", reason=GONE)
        except VigoError as error:
            refusal = TaskEnd(state="refused", reason=str(error))
        if refusal is not None:
            _log.warning("task not started task=%s state=%s reason=%s", order.task, refusal.state, refusal.reason)
            await self._tell(TaskEnded(order.task, refusal))
            return
        await self._begin(order, identity.root)

    async def _cancelled(self, task: TaskId) -> None:
        running, kept = self._running.get(task), self._records.ended(task)
        if running is not None:
            running.stop("cancelled", "cancelled")
        elif kept is not None:
            await self._tell_all(task, kept, self._records.head(task))
        else:
            is_known = self._records.is_marked(task)
            end = TaskEnd(state="lost", reason=GONE) if is_known else TaskEnd(state="cancelled", reason=NOT_BEGUN)
            await self._tell(TaskEnded(task, end))

    async def _is_new(self, order: TaskOrder) -> bool:
        return await asyncio.to_thread(self._records.begin, order.task, order.not_after, self._clock.now())

    def _refusal(self, order: TaskOrder, envoy: str) -> TaskEnd | None:
        if order.envoy != envoy:
            return TaskEnd(state="refused", reason="this task is another envoy's")
        if order.not_after < self._clock.now():
            return TaskEnd(
                state="expired",
                reason=f"it was to start before {order.not_after:%Y-%m-%d %H:%M:%S} UTC by this machine's clock",
            )
        if self._is_ending:
            return TaskEnd(state="refused", reason="the agent is being stopped")
        if len(self._running) >= MOST_AT_ONCE:
            return TaskEnd(state="refused", reason=f"{MOST_AT_ONCE} tasks run here already; wait for one to end")
        return None

    async def _begin(self, order: TaskOrder, root: str | None) -> None:
        if self._clock.monotonic() - self._pruned_at > _PRUNED_EVERY:
            self._prune()
        try:
            stream = self._records.output(order.task)
        except VigoError as error:
            kept = Kept(TaskEnd(state="refused", reason=str(error)))
            await self._keep(order.task, kept)
            await self._tell_all(order.task, kept, b"")
            return
        # It is known from now on, whatever is asked of it next.
        running = self._running[order.task] = _Running(order, TaskOutput(stream))
        work = asyncio.create_task(self._run(running, stream, root))
        self._work.add(work)
        work.add_done_callback(self._work.discard)

    async def _run(self, running: _Running, stream: IO[bytes], root: str | None) -> None:
        """Run a task to its end, note that, and tell it."""
        order = running.order
        with stream:
            _log.info("task started task=%s user=%s", order.task, order.user or "-")
            began = time.monotonic()
            telling = asyncio.create_task(self._tell_output(running))
            try:
                await self._tell(TaskStarted(order.task))
                # A thread of its own: it may take hours, and an agent at rest keeps none.
                thread = ThreadPoolExecutor(1, thread_name_prefix="task")
                ending = thread.submit(self._run_task, order, root, running.output, running.stop_fd)
                thread.shutdown(wait=False)
                end = _end(await asyncio.wrap_future(ending), running)
            except (InvalidError, TooLargeError) as error:
                end = TaskEnd(state="failed", reason=str(error))
            except VigoError as error:
                end = TaskEnd(state="refused", reason=str(error))
            except Exception as error:  # noqa: BLE001 - a task always has an end
                _log.exception("a task ended through an internal fault task=%s", order.task)
                end = TaskEnd(state="lost", reason=f"an internal fault of the agent: {error}")
            finally:
                running.is_over.set()
                await telling
                running.close()
        tail, tail_from = running.output.tail()
        duration_ms = (time.monotonic() - began) * 1000
        end = msgspec.structs.replace(end, duration_ms=duration_ms, output_bytes=running.output.total_bytes)
        _log.info("task ended task=%s state=%s exit_code=%s", order.task, end.state, end.exit_code)
        kept = Kept(end, tail, tail_from)
        is_kept = await self._keep(order.task, kept)
        # What asks for it from now on finds the end on the disk, so no question falls between the two.
        self._running.pop(order.task, None)
        if running.is_asked_for or not is_kept:
            await self._tell_all(order.task, kept, running.output.read(0, HEAD_BYTES), running.told_bytes)

    async def _keep(self, task: TaskId, kept: Kept) -> bool:
        """Note how a task ended. Where that fails it can still be told now, or the server learns that it was lost."""
        try:
            await asyncio.to_thread(self._records.finish, task, kept)
        except VigoError as error:
            _log.warning("the end of a task is not kept task=%s reason=%s", task, error)
            return False
        return True

    async def _tell_output(self, running: _Running) -> None:
        """Tell what is printed, as it comes. It is not cancelled: half a message would end the stream."""
        while not running.is_over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE.total_seconds()):
                    await running.is_over.wait()
            part = running.output.read(running.told_bytes, _PART_BYTES)
            if part and running.is_asked_for and self._say is not None:
                offset, running.told_bytes = running.told_bytes, running.told_bytes + len(part)
                await self._tell(OutputMessage(running.order.task, offset, part))

    async def _tell_all(self, task: TaskId, kept: Kept, head: bytes, told_bytes: int = 0) -> None:
        """Tell what was not told of an output, and the end. A stream that begins meanwhile asks for that itself."""
        tail, step = kept.tail, _PART_BYTES
        parts = [(start, head[start : start + step]) for start in range(told_bytes, len(head), step)]
        parts += [(kept.tail_from + start, tail[start : start + step]) for start in range(0, len(tail), step)]
        say = self._say
        messages: list[AgentMessage] = [OutputMessage(task, *part) for part in parts]
        for message in [*messages, TaskEnded(task, kept.end)]:
            if self._say is say:
                await self._tell(message)

    async def _tell(self, message: AgentMessage) -> None:
        """Say something if a stream is held; what is not heard is asked for on the next."""
        if self._say is not None:
            try:
                await self._say(message)
            except Exception as error:  # noqa: BLE001 - whatever it is, the stream ends and says why
                _log.debug("not told on the stream reason=%s", error)


def _end(ending: Ending, running: _Running) -> TaskEnd:
    if ending.stopped:
        return TaskEnd(state=running.ended_as, exit_code=ending.status, reason=running.reason)
    if ending.timed_out:
        seconds = running.order.timeout.total_seconds()
        if running.order.kind == "check":
            return TaskEnd(
                state="timed-out", exit_code=ending.status, reason=f"it did not do well within {seconds:g} s"
            )
        reason = f"it ran for {seconds:g} s and was ended with all it started"
        return TaskEnd(state="timed-out", exit_code=ending.status, reason=reason)
    return TaskEnd(state="succeeded" if ending.status == 0 else "failed", exit_code=ending.status)

"""What each kind of step does, and how far that is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection

from vigo.core.batches import batch_size
from vigo.core.clock import Clock
from vigo.core.durations import format_duration
from vigo.core.errors import InvalidError
from vigo.core.ids import EnvoyId, TaskId, new_task_id
from vigo.core.named_task import variables
from vigo.core.target import Target
from vigo.core.workflow import MOST_BATCHES
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.streams.service import StreamService
from vigo.server.features.tasks.models import NewTask
from vigo.server.features.tasks.service import TaskService
from vigo.server.features.workflows.live import LiveRun, Progress
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.db.database import Database

_MOST_NAMED: Final = 3
_MOST_HOSTS: Final = 20


class Steps:
    """Carries steps out. What it changes of a run the caller stores."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        envoys: EnvoyService,
        streams: StreamService,
        tasks: TaskService,
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._envoys = envoys
        self._streams = streams
        self._tasks = tasks

    def begin(self, run: LiveRun, one: Progress, found: Sequence[EnvoyRecord]) -> None:
        """Let a step begin for these machines.

        Raises:
            InvalidError: it has more batches than are kept.
        """
        now, step = self._clock.now(), one.step
        one.state, one.started_at = "running", now
        one.envoys = tuple(record.id for record in found)
        one.some = tuple(record.hostname for record in found[:_MOST_NAMED])
        if step.within:
            one.until = now + step.within
        if step.kind in ("task", "check"):
            one.task, one.until = new_task_id(), None
        elif step.kind == "push":
            one.told_at = now
            run.told = set()
        elif step.kind == "rolling":
            _expand(run, one)

    async def look(self, run: LiveRun, one: Progress, actor: Actor) -> bool:
        """See how far a step is; return whether that is to be stored. Its end is in its state.

        Raises:
            VigoError: it cannot go on, for this reason.
        """
        kind = one.step.kind
        if kind in ("task", "check"):
            return await self._look_at_task(run, one, actor)
        if kind == "push":
            return await self._look_at_push(run, one)
        if kind == "wait":
            return self._look_at_wait(run, one)
        if not self._is_over(one):
            return False
        late = f"nobody approved it within {format_duration(one.step.within)}"
        self._end(run, one, "" if kind == "pause" else late)
        return True

    def approve(self, run: LiveRun, one: Progress, by: str) -> None:
        """Let an approval be given."""
        one.reason = f"approved by {by}"
        self._end(run, one)

    async def stop(self, one: Progress, by: str) -> None:
        """End what a step has under way."""
        if one.task is not None:
            await self._tasks.stop(one.task, by)

    async def _look_at_task(self, run: LiveRun, one: Progress, actor: Actor) -> bool:
        assert one.task is not None  # noqa: S101 - it began
        counts = self._tasks.counts(one.task)
        if counts is not None:
            done = counts.get("succeeded", 0)
            is_news, one.done = done != one.done, done
            if is_news:
                run.wake()
            return False
        ends = await self._tasks.ends(one.task)
        if ends is None:
            # The server was killed between noting it and beginning it; or this is its first look.
            await self._begin_task(run, one, one.task, actor)
            return False
        well = [end for end in ends if end.state == "succeeded"]
        one.done = len(well)
        failed = {end.id: end.hostname for end in ends if end.state != "succeeded"}
        self._end(run, one, f"`vigocli task show {one.task}` says why" if failed else "", failed=failed)
        return True

    async def _begin_task(self, run: LiveRun, one: Progress, task: TaskId, actor: Actor) -> None:
        step, values = one.step, run.body.values
        found = [record for envoy in one.envoys if (record := self._envoys.find(envoy)) is not None]
        # Whom it is for is known; this is what people read of it.
        target = step.target or run.body.workflow.target
        if target is None or len(found) <= _MOST_HOSTS:
            target = Target(hosts=tuple(record.hostname for record in found))
        wanted = NewTask(
            target=target,
            command=step.says,
            batch=step.batch,
            max_failures=_allowed(run, one),
        )
        of = {"workflow_run": run.id, "step": one.position}
        if step.kind == "task":
            wanted = msgspec.structs.replace(wanted, named=step.says, parameters=step.filled(values))
            await self._tasks.begin_declared(actor, wanted, found, task, **of)
            return
        within = step.within.total_seconds()
        wanted = msgspec.structs.replace(wanted, kind="check", environment=variables(values), timeout_seconds=within)
        await self._tasks.begin(actor, wanted, found, task, **of)

    async def _look_at_push(self, run: LiveRun, one: Progress) -> bool:
        size = batch_size(one.step.batch, len(one.envoys))
        batch = [self._envoys.find(envoy) for envoy in one.envoys[one.told_from : one.told_from + size]]
        at = one.told_at or self._clock.now()
        left = [record for record in batch if record is not None and record.is_active and not _came(record, at)]
        gone = {record.id: record.hostname for record in batch if record is not None and not record.is_active}
        untold = [record for record in left if record.id not in run.told and self._is_here(record.id)]
        if untold:
            await self._tell(run, untold, one.position)
        done = one.told_from + len(batch) - len(left) - len(gone) - len(one.failed)
        if done != one.done:
            one.done = done
            run.wake()
        if left and not self._is_over(one):
            return False
        one.failed |= gone | {record.id: record.hostname for record in left}
        one.told_from += size
        if left:
            one.reason = f"they did not check in within {format_duration(one.step.within)}"
        elif gone:
            one.reason = one.reason or "they were revoked"
        if one.told_from >= len(one.envoys) or len(one.failed) > _allowed(run, one):
            self._end(run, one, one.reason, failed=one.failed)
            return True
        one.told_at, run.told = self._clock.now(), set()
        one.until = one.told_at + one.step.within
        return True

    async def _tell(self, run: LiveRun, records: Sequence[EnvoyRecord], position: str) -> None:
        detail = {"workflow_run": run.id, "step": position, "envoys": len(records)}
        act = Act(actor=run.created_by, action="envoys.push", subject=f"{len(records)} envoys", detail=detail)

        def job(connection: Connection) -> None:
            self._trail.append(connection, act)

        await self._database.write(job)
        run.told |= self._streams.have_check_in([record.id for record in records])

    def _look_at_wait(self, run: LiveRun, one: Progress) -> bool:
        records = [self._envoys.find(envoy) for envoy in one.envoys]
        there = [record for record in records if record is not None]
        left = {record.id for record in there if record.is_active and not self._is_converged(record)}
        failed = {record.id: record.hostname for record in there if record.id in left or not record.is_active}
        one.done, before = len(there) - len(failed), one.done
        if left and not self._is_over(one):
            if one.done != before:
                run.wake()
            return False
        late = f"they did not converge within {format_duration(one.step.within)}" if left else "they were revoked"
        self._end(run, one, late if failed else "", failed=failed)
        return True

    def _is_converged(self, record: EnvoyRecord) -> bool:
        return self._envoys.convergence(record) == "converged"

    def _is_here(self, envoy: EnvoyId) -> bool:
        return self._streams.connected_since(envoy) is not None

    def _is_over(self, one: Progress) -> bool:
        return one.until is not None and self._clock.now() >= one.until

    def _end(self, run: LiveRun, one: Progress, reason: str = "", failed: dict[EnvoyId, str] | None = None) -> None:
        """End a step, and with it the rolling one that it was the last of."""
        failed, allowed = failed or {}, _allowed(run, one)
        is_well = len(failed) <= allowed and (bool(failed) or not reason)
        named = ", ".join(sorted(failed.values())[:_MOST_NAMED])
        if failed:
            more = f" and {len(failed) - _MOST_NAMED} more" if len(failed) > _MOST_NAMED else ""
            why = f": {reason}" if reason else ""
            limit = "" if is_well else f"; at most {allowed} may"
            reason = f"{len(failed)} of {len(one.envoys)} failed ({named}{more}){why}{limit}"
        one.failed = failed
        one.reason = reason or one.reason
        one.state, one.ended_at, one.until = "succeeded" if is_well else "failed", self._clock.now(), None
        head = run.head(one)
        if head is not None:
            head.failed |= failed
            close_head(run, head, one, self._clock.now())


def close_head(run: LiveRun, head: Progress, one: Progress, now: datetime) -> None:
    """Let a rolling step be where its last step is."""
    inner = [other for other in run.body.steps if other.of is not None and run.head(other) is head]
    head.done = sum(len(batch) for batch in head.batches[: one.batch])
    if one.state in ("failed", "aborted"):
        head.state, head.ended_at, head.reason = one.state, now, f"step {one.position}: {one.reason}"
    elif one is inner[-1]:
        head.state, head.ended_at = "succeeded", now
        head.done = len(head.envoys)
        if head.failed:
            head.reason = f"{len(head.failed)} of {len(head.envoys)} failed"


def _expand(run: LiveRun, head: Progress) -> None:
    """Put the steps of each batch behind a rolling one."""
    size = batch_size(head.step.says, len(head.envoys))
    batches = tuple(head.envoys[first : first + size] for first in range(0, len(head.envoys), size))
    if len(batches) > MOST_BATCHES:
        raise InvalidError(f"expected at most {MOST_BATCHES} batches, found {len(batches)}; make them larger")
    head.batches = batches
    place = run.body.steps.index(head)
    run.body.steps[place + 1 : place + 1] = [
        Progress(position=f"{head.position}.{batch}.{number}", step=step, of=place, batch=batch - 1)
        for batch in range(1, len(batches) + 1)
        for number, step in enumerate(head.step.steps, 1)
    ]


def _allowed(run: LiveRun, one: Progress) -> int:
    """Return how many machines may fail in a step."""
    head = run.head(one)
    return one.step.max_failures if head is None else max(0, head.step.max_failures - len(head.failed))


def _came(record: EnvoyRecord, since: datetime) -> bool:
    return record.last_seen_at is not None and record.last_seen_at >= since

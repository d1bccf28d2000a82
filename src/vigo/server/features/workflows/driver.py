"""Having the runs of workflows go on: one step after the other, each change stored before the next."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.errors import UnavailableError, VigoError
from vigo.core.ids import WorkflowRunId
from vigo.core.workflow import ON_MACHINES
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.generations.service import GenerationService
from vigo.server.features.workflows import store
from vigo.server.features.workflows.live import LiveRun, Progress
from vigo.server.features.workflows.machines import Machines
from vigo.server.features.workflows.models import RunState, StepState
from vigo.server.features.workflows.steps import Steps, close_head
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import ActingNow, Actor
from vigo.server.platform.db.database import Database

SWEEP: Final = timedelta(seconds=1)
"""How often it is looked how far each run is."""

_MOST_REASON: Final = 2_000

_log = logging.getLogger(__name__)


class WorkflowDriver:
    """The runs that go on."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        identities: ActingNow,
        generations: GenerationService,
        envoys: EnvoyService,
        machines: Machines,
        steps: Steps,
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._identities = identities
        self._generations = generations
        self._envoys = envoys
        self._machines = machines
        self._steps = steps
        self._runs: dict[WorkflowRunId, LiveRun] = {}

    def load(self) -> None:
        """Take up what went on when the server ended; call it before anything is served."""
        self._runs = {run.id: run for run in self._database.read_now(store.going_on)}

    def find(self, run: WorkflowRunId) -> LiveRun | None:
        """Return a run that goes on."""
        return self._runs.get(run)

    def begin(self, run: LiveRun) -> None:
        """Have a run that is stored go on; it does with the next sweep."""
        self._runs[run.id] = run

    def wake_watchers(self) -> None:
        """Have all who watch a run look."""
        for run in self._runs.values():
            run.wake()

    async def sweep(self) -> None:
        """See how far each run is, and have it go on."""
        await asyncio.gather(*(self._go_on(run) for run in tuple(self._runs.values()) if not run.lock.locked()))

    async def _go_on(self, run: LiveRun) -> None:
        async with run.lock:
            try:
                if not run.is_kept:
                    await self.keep(run)
                while run.ended_at is None and await self._moved(run):
                    await self.keep(run)
            except UnavailableError as error:
                _log.error("the workflow's run %s cannot go on now, it is tried again: %s", run.id, error)
            except Exception:  # noqa: BLE001 - one run's fault is not the others'
                _log.exception("the workflow's run %s meets an internal fault, it is tried again", run.id)

    async def approve(self, run: LiveRun, one: Progress, by: str) -> None:
        """Let an approval be given; the caller holds the run's lock.

        Raises:
            UnavailableError: it cannot be stored with its row in the audit trail; the run waits on.
        """
        before = store.copied(run.body)
        self._steps.approve(run, one, by)
        act = Act(actor=by, action="workflows.approve", subject=run.id, detail={"step": one.position})
        try:
            await self.keep(run, act)
        except UnavailableError:
            run.body, run.is_kept = before, True
            raise

    async def abort(self, run: LiveRun, by: str) -> None:
        """End a run, and what it has under way; the caller holds its lock."""
        one = run.at()
        if one is not None:
            await self._steps.stop(one, by)
            self._close(run, one, "aborted", f"aborted by {by}")
        await self._ended(run, by)

    async def _moved(self, run: LiveRun) -> bool:
        """Have a run go on as far as it can at once; return whether that is to be stored before it goes on."""
        one = run.at()
        if one is None or run.broken() is not None:
            await self._ended(run, run.created_by)
            return False
        actor = self._identities.acting_now(run.created_by, run.body.token_id)
        reason = self._withdrawn(run, actor)
        if reason or actor is None:
            await self._steps.stop(one, "vigosrv")
            self._close(run, one, "failed", reason)
            return True
        try:
            return await self._step(run, one, actor)
        except UnavailableError:
            raise
        except VigoError as error:
            self._close(run, one, "failed", str(error))
            return True

    async def _step(self, run: LiveRun, one: Progress, actor: Actor) -> bool:
        if one.state == "waiting":
            self._steps.begin(run, one, await self._found(run, one, actor))
            return True
        if one.step.kind in ON_MACHINES and not one.envoys:
            self._close(run, one, "succeeded", "none of its machines is left")
            return True
        return await self._steps.look(run, one, actor)

    async def _found(self, run: LiveRun, one: Progress, actor: Actor) -> Sequence[EnvoyRecord]:
        """Return the machines of a step, now that it is its turn."""
        if one.step.kind not in ON_MACHINES:
            return ()
        head = run.head(one)
        if head is None:
            return await self._machines.of(actor, run.body.workflow, one.step, run.body.target)
        left = [envoy for envoy in head.batches[one.batch] if envoy not in head.failed]
        return [record for envoy in left if (record := self._envoys.find(envoy)) is not None]

    def _withdrawn(self, run: LiveRun, actor: Actor | None) -> str:
        """Return why a run may not go on, or an empty text. What is published counts at once."""
        if actor is None:
            return f"the token of {run.created_by} is no longer in force"
        declared = self._generations.workflows().get(run.body.workflow.name)
        if declared is None:
            return f"the stacks no longer declare {run.body.workflow.name}"
        if not declared.is_for(actor.name):
            return f"workflows.vgo no longer names {actor.name} among the `operators` of {declared.name}"
        return ""

    def _close(self, run: LiveRun, one: Progress, state: StepState, reason: str) -> None:
        """Give a step a final state that it has not from itself."""
        one.state, one.ended_at, one.reason = state, self._clock.now(), reason[:_MOST_REASON]
        head = run.head(one)
        if head is not None:
            close_head(run, head, one, self._clock.now())

    async def _ended(self, run: LiveRun, by: str) -> None:
        """Give a run its final state."""
        broken, reason = run.broken(), ""
        state: RunState = "succeeded"
        if broken is not None:
            state = "aborted" if broken.state == "aborted" else "failed"
            reason = f"step {broken.position} ({broken.step.told()}): {broken.reason}"[:_MOST_REASON]
        run.ended_as, run.reason, run.ended_at = state, reason, self._clock.now()
        detail = {"state": state, "reason": reason}
        try:
            await self.keep(run, Act(actor=by, action="workflows.ended", subject=run.id, detail=detail))
        except BaseException:
            run.ended_at = None  # the next sweep tries again
            raise
        del self._runs[run.id]
        run.wake()

    async def keep(self, run: LiveRun, act: Act | None = None) -> None:
        """Store how far a run is."""
        run.is_kept, packed, shown = False, store.packed(run), run.item()

        def job(connection: Connection) -> None:
            if act is not None:
                self._trail.append(connection, act)
            store.save(connection, run, packed, shown)

        await self._database.write(job)
        run.is_kept = True
        run.wake()

"""Running workflows, and showing how far each run is."""

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from typing import Final, NoReturn

from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from vigo.core.ids import new_workflow_run_id, parse_workflow_run_id
from vigo.core.named_task import Value, values_of
from vigo.core.nearest import did_you_mean
from vigo.core.templates import TemplateError
from vigo.core.workflow import ON_MACHINES, Step, Workflow
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.generations.service import GenerationService
from vigo.server.features.tasks.service import TaskService
from vigo.server.features.workflows import store
from vigo.server.features.workflows.driver import WorkflowDriver
from vigo.server.features.workflows.live import Body, LiveRun, Progress
from vigo.server.features.workflows.machines import Machines
from vigo.server.features.workflows.models import (
    Approval,
    CreatedWorkflowRun,
    DeclaredStep,
    DeclaredWorkflow,
    DeclaredWorkflows,
    MeantStep,
    NewWorkflowRun,
    StepEvent,
    StepItem,
    WorkflowBeatEvent,
    WorkflowEndEvent,
    WorkflowEvent,
    WorkflowRunDetail,
    WorkflowRunList,
)
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database
from vigo.server.platform.settings.model import CurrentSettings
from vigo.server.platform.web.following import rings

_PAUSE: Final = timedelta(milliseconds=100)


class WorkflowService:
    """Workflows as people see them."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        settings: CurrentSettings,
        generations: GenerationService,
        machines: Machines,
        tasks: TaskService,
        driver: WorkflowDriver,
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._settings = settings
        self._generations = generations
        self._machines = machines
        self._tasks = tasks
        self._driver = driver
        self._is_closing = False

    def close(self) -> None:
        """Let go of those who watch: the server stops, and the runs go on after its next start."""
        self._is_closing = True
        self._driver.wake_watchers()

    def declared(self, actor: Actor) -> DeclaredWorkflows:
        """Return the workflows that the live generation declares."""
        actor.require(Permission.READ_WORKFLOWS)
        has_right = Permission.RUN_WORKFLOWS in actor.permissions
        return DeclaredWorkflows(
            items=tuple(
                DeclaredWorkflow(
                    name=name,
                    description=one.description,
                    parameters=one.parameters,
                    steps=tuple(_declared(step) for step in one.steps),
                    operators=one.operators,
                    match=one.match,
                    allowed=has_right and one.is_for(actor.name),
                )
                for name, one in sorted(self._generations.workflows().items())
            )
        )

    async def run(self, actor: Actor, wanted: NewWorkflowRun) -> CreatedWorkflowRun:
        """Begin a workflow, and return its steps and whom each would be for now.

        Raises:
            ForbiddenError: the stacks do not let the actor run it, or something in it, or not on one of its machines.
            InvalidError: a parameter is missing, unknown, or of another type.
            NotFoundError: the stacks declare none of this name, or nobody fits a step's target.
            UnavailableError: it cannot be written, or not into the audit trail; nothing is run.
        """
        actor.require(Permission.RUN_WORKFLOWS)
        workflow = self._find(wanted.name)
        if not workflow.is_for(actor.name):
            await self._refuse(
                actor, workflow, f"workflows.vgo does not name {actor.name} among the `operators` of {workflow.name}"
            )
        values = values_of(workflow.name, workflow.parameters, wanted.parameters)
        steps = [
            MeantStep(
                position=str(number),
                kind=step.kind,
                title=step.told(),
                hostnames=tuple([record.hostname for record in await self._meant(actor, workflow, step, wanted)]),
            )
            for number, step in enumerate(workflow.steps, 1)
        ]
        if wanted.dry_run:
            return CreatedWorkflowRun(id=None, steps=tuple(steps))
        body = Body(
            workflow=workflow,
            parameters=wanted.parameters,
            values=values,
            target=wanted.target,
            token_id=actor.token_id,
            steps=[Progress(position=str(number), step=step) for number, step in enumerate(workflow.steps, 1)],
        )
        run, now = new_workflow_run_id(), self._clock.now()
        target = "" if wanted.target is None else wanted.target.text()
        detail = {"workflow": workflow.name, "parameters": wanted.parameters, "target": target}
        act = Act(actor=actor.name, action="workflows.run", subject=run, detail=detail)

        def job(connection: Connection) -> int:
            self._trail.append(connection, act)
            return store.add(connection, run, body, now, actor.name)

        await self._database.write(job, lambda number: self._driver.begin(LiveRun(number, run, body, now, actor.name)))
        return CreatedWorkflowRun(id=run, steps=tuple(steps))

    async def approve(self, actor: Actor, run_id: str, approval: Approval) -> WorkflowRunDetail:
        """Let the step be approved that a run waits at.

        Raises:
            ConflictError: it waits for nobody's approval, or for that of another step.
            ForbiddenError: the stacks do not let the actor approve it.
            NotFoundError: there is no such run.
            UnavailableError: it cannot be written into the audit trail; the run waits on.
        """
        actor.require(Permission.APPROVE_WORKFLOWS)
        run = await self._live(actor, run_id)
        async with run.lock:
            one = run.at()
            if run.ended_at is not None or one is None or run.state != "waiting":
                raise ConflictError(f"expected a run that waits for approval, found {run_id}, which does not")
            if approval.step not in (None, one.position):
                raise ConflictError(f"expected the step that waits, {one.position}, found {approval.step}; look again")
            refusal = one.step.may_be_approved_by(actor.name, run.created_by)
            if refusal:
                await self._refuse(actor, run.body.workflow, refusal)
            await self._machines.require(actor, run.envoys())
            await self._driver.approve(run, one, actor.name)
        return run.detail()

    async def abort(self, actor: Actor, run_id: str) -> WorkflowRunDetail:
        """End a run, and the task that it has under way. One that has ended stays as it is.

        Raises:
            NotFoundError: there is no such run.
            UnavailableError: it cannot be stored now; what it had under way is ended, and the run is as soon as it can.
        """
        actor.require(Permission.RUN_WORKFLOWS)
        await self.show(actor, run_id)
        run = self._driver.find(parse_workflow_run_id(run_id))
        if run is not None:
            async with run.lock:
                if run.ended_at is None:
                    await self._machines.require(actor, run.envoys())
                    await self._driver.abort(run, actor.name)
        return await self.show(actor, run_id)

    async def list(self, actor: Actor, before: int | None, limit: int) -> WorkflowRunList:
        """Return a page of runs, the newest first."""
        actor.require(Permission.READ_WORKFLOWS)
        items, following = await self._database.read(lambda connection: store.page(connection, before, limit))
        return WorkflowRunList(items=items, next_cursor=None if following is None else str(following))

    async def show(self, actor: Actor, run_id: str) -> WorkflowRunDetail:
        """Return a run with its steps.

        Raises:
            InvalidError: that is no run's id.
            NotFoundError: there is no such run, or it is no longer kept.
        """
        actor.require(Permission.READ_WORKFLOWS)
        wanted = parse_workflow_run_id(run_id)
        live = self._driver.find(wanted)
        if live is not None:
            return live.detail()
        found = await self._database.read(lambda connection: store.find(connection, wanted))
        if found is None:
            raise NotFoundError(
                f"expected the id of a workflow's run that is kept, found {run_id}; `vigocli workflow list` prints"
                " them, and keep_runs_for in server.yaml says how long they are kept"
            )
        return found

    async def watch(self, actor: Actor, run_id: str) -> AsyncGenerator[WorkflowEvent, None]:
        """Return what a run did and does, until it has ended.

        Raises:
            InvalidError: that is no run's id.
            NotFoundError: there is no such run, or it is no longer kept.
        """
        shown = await self.show(actor, run_id)
        live = self._driver.find(shown.id)
        return _past(shown) if live is None else self._going_on(live)

    async def prune(self) -> None:
        """Delete the runs that the settings no longer keep."""
        before = self._clock.now() - self._settings.value.keep_runs_for
        await self._database.write(lambda connection: store.prune(connection, before))

    def _find(self, name: str) -> Workflow:
        declared = self._generations.workflows()
        if name not in declared:
            near = did_you_mean(name, declared)
            raise NotFoundError(
                f"expected a workflow of workflows.vgo, found {name[:60]!r}{near}; `vigocli workflow declared` lists"
                " them"
            )
        return declared[name]

    async def _meant(
        self, actor: Actor, workflow: Workflow, step: Step, wanted: NewWorkflowRun
    ) -> Sequence[EnvoyRecord]:
        """Return whom a step is for now; what would be refused when its turn comes is refused at once."""
        if step.kind not in ON_MACHINES:
            return ()
        try:
            found = await self._machines.of(actor, workflow, step, wanted.target)
        except ForbiddenError as error:
            await self._refuse(actor, workflow, str(error))
        values = values_of(workflow.name, workflow.parameters, wanted.parameters)
        for one in (step, *step.steps):
            if one.kind == "push":
                actor.require(Permission.PUSH_ENVOYS)
            if one.kind == "task":
                actor.require(Permission.RUN_NAMED_TASKS)
                await self._check_task(actor, workflow, one, values, found)
        return found

    async def _check_task(
        self, actor: Actor, workflow: Workflow, step: Step, values: dict[str, Value], found: Sequence[EnvoyRecord]
    ) -> None:
        task = self._generations.named_tasks()[step.says]  # publishing looked for that
        refusal = self._tasks.refusal(actor, step.says, found)
        if refusal:
            await self._refuse(actor, workflow, refusal)
        try:
            task.environment(step.filled(values))
        except (TemplateError, InvalidError) as error:
            raise InvalidError(f"{step.told()}: {error}") from error

    async def _refuse(self, actor: Actor, workflow: Workflow, reason: str) -> NoReturn:
        act = Act(actor=actor.name, action="workflows.refused", subject=workflow.name, detail={"reason": reason})
        await self._database.write(lambda connection: self._trail.append(connection, act))
        raise ForbiddenError(reason)

    async def _live(self, actor: Actor, run_id: str) -> LiveRun:
        shown = await self.show(actor, run_id)
        live = self._driver.find(shown.id)
        if live is None:
            raise ConflictError(f"expected a run that goes on, found {run_id}, which has {shown.state}")
        return live

    async def _going_on(self, live: LiveRun) -> AsyncGenerator[WorkflowEvent, None]:
        bell, seen = asyncio.Event(), dict[str, StepItem]()
        live.watchers.add(bell)
        try:
            while not self._is_closing:
                bell.clear()
                is_over = live.ended_at is not None and self._driver.find(live.id) is None
                for one in _inner_first(live.detail().steps):
                    if one.state != "waiting" and seen.get(one.position) != one:
                        seen[one.position] = one
                        yield StepEvent(step=one)
                if is_over:
                    yield WorkflowEndEvent(state=live.state, reason=live.reason)
                    return
                if not await rings(bell):
                    yield WorkflowBeatEvent(at=live.item().at)
                await asyncio.sleep(_PAUSE.total_seconds())
        finally:
            live.watchers.discard(bell)


def _inner_first(steps: Sequence[StepItem]) -> Sequence[StepItem]:
    """Return steps such that one with batches, once it has ended, follows those of its batches."""

    def place(one: StepItem) -> tuple[float, ...]:
        numbers = tuple(float(number) for number in one.position.split("."))
        return (*numbers, math.inf) if one.kind == "rolling" and one.ended_at is not None else numbers

    return sorted(steps, key=place)


async def _past(shown: WorkflowRunDetail) -> AsyncGenerator[WorkflowEvent, None]:
    for one in _inner_first(shown.steps):
        if one.state != "waiting":
            yield StepEvent(step=one)
    yield WorkflowEndEvent(state=shown.state, reason=shown.reason)


def _declared(step: Step) -> DeclaredStep:
    return DeclaredStep(kind=step.kind, title=step.told(), steps=tuple(_declared(one) for one in step.steps))

"""Runs of workflows: what is kept of them, in memory and on the disk."""

import asyncio
from datetime import datetime
from typing import Final

import msgspec

from vigo.core.ids import EnvoyId, TaskId, WorkflowRunId
from vigo.core.named_task import Value
from vigo.core.target import Target
from vigo.core.workflow import Step, Workflow
from vigo.server.features.workflows.models import (
    RunState,
    StepItem,
    StepState,
    WorkflowRunDetail,
    WorkflowRunItem,
)

_MOST_NAMED: Final = 100


class Progress(msgspec.Struct, kw_only=True):
    """How far a step is. `of` is the place of the rolling step that it belongs to, `batch` which one of it."""

    position: str
    step: Step
    state: StepState = "waiting"
    of: int | None = None
    batch: int = 0
    envoys: tuple[EnvoyId, ...] = ()
    """Whom it is for, known once it begins; of a step within batches it stands with these."""
    some: tuple[str, ...] = ()
    """The hostnames of the first of them, for people."""
    batches: tuple[tuple[EnvoyId, ...], ...] = ()
    failed: dict[EnvoyId, str] = {}
    """Their hostnames."""
    done: int = 0
    told_from: int = 0
    """Where in `envoys` the batch of a push begins."""
    told_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    until: datetime | None = None
    reason: str = ""
    task: TaskId | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens in it."""
        return self.state not in ("waiting", "running")

    def shown(self) -> StepItem:
        """Return it as people see it."""
        step = self.step
        return StepItem(
            position=self.position,
            kind=step.kind,
            title=step.told(),
            state=self.state,
            started_at=self.started_at,
            ended_at=self.ended_at,
            reason=self.reason,
            task=self.task,
            machines=len(self.envoys),
            some=self.some,
            done=self.done,
            failed=tuple(sorted(self.failed.values())[:_MOST_NAMED]),
            until=self.until,
            approvers=step.approvers if step.kind == "approval" else None,
        )


class Body(msgspec.Struct, kw_only=True):
    """What is stored of a run as a whole: the workflow as it was declared when it began, and how far each step is."""

    workflow: Workflow
    parameters: dict[str, str]
    values: dict[str, Value]
    target: Target | None
    token_id: str
    steps: list[Progress]


class LiveRun:
    """A run that has not ended. Changed on the event loop only, under its lock."""

    def __init__(
        self,
        number: int,
        run: WorkflowRunId,
        body: Body,
        created_at: datetime,
        created_by: str,
    ) -> None:
        self.number = number
        self.id = run
        self.body = body
        self.created_at = created_at
        self.created_by = created_by
        self.ended_at: datetime | None = None
        self.ended_as: RunState = "succeeded"
        self.reason = ""
        self.lock = asyncio.Lock()
        self.is_kept = True
        """Whether all of it is stored: nothing is begun that would be begun again after a start of the server."""
        self.told: set[EnvoyId] = set()
        """Who was asked to check in, of the batch of a push that goes on."""
        self.watchers: set[asyncio.Event] = set()

    @property
    def state(self) -> RunState:
        """How it stands."""
        if self.ended_at is not None:
            return self.ended_as
        at = self.at()
        is_waiting = at is not None and at.step.kind == "approval" and at.state == "running"
        return "waiting" if is_waiting else "running"

    def at(self) -> Progress | None:
        """Return the step that it is at; None once all have ended. A rolling one is at those of its batches."""
        return next((one for one in self.body.steps if not one.is_over and not one.batches), None)

    def broken(self) -> Progress | None:
        """Return the step that ends the run before its last one."""
        return next((one for one in self.body.steps if one.state in ("failed", "aborted") and not one.batches), None)

    def head(self, one: Progress) -> Progress | None:
        """Return the rolling step that a step belongs to."""
        return None if one.of is None else self.body.steps[one.of]

    def envoys(self) -> frozenset[EnvoyId]:
        """Return those that its steps so far are for."""
        return frozenset(envoy for one in self.body.steps for envoy in one.envoys)

    def wake(self) -> None:
        """Have those who watch look."""
        for watcher in self.watchers:
            watcher.set()

    def item(self) -> WorkflowRunItem:
        """Return it as it is listed."""
        at = self.at()
        return WorkflowRunItem(
            id=self.id,
            name=self.body.workflow.name,
            state=self.state,
            created_at=self.created_at,
            created_by=self.created_by,
            ended_at=self.ended_at,
            reason=self.reason,
            at="" if at is None else f"{at.position}: {at.step.told()}",
        )

    def detail(self) -> WorkflowRunDetail:
        """Return it with its steps."""
        return detail_of(self.item(), self.body)


def detail_of(item: WorkflowRunItem, body: Body) -> WorkflowRunDetail:
    """Return a run with its steps."""
    return WorkflowRunDetail(
        **msgspec.structs.asdict(item),
        parameters=body.parameters,
        target="" if body.target is None else body.target.text(),
        steps=tuple(one.shown() for one in body.steps),
    )

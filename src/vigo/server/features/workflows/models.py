"""Workflows: what is declared, what is run, and how far each run is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from vigo.core.ids import TaskId, WorkflowRunId
from vigo.core.named_task import Parameter
from vigo.core.target import Target
from vigo.core.workflow import StepKind

RunState = Literal["running", "waiting", "succeeded", "failed", "aborted"]
"""`waiting` is for somebody's approval."""

StepState = Literal["waiting", "running", "succeeded", "failed", "aborted"]
"""`waiting` is for its turn."""


class NewWorkflowRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which workflow to run with what. With a `target` its steps are for those of their machines alone that it means.

    With `dry_run` nothing is run, and it is told who would be meant by each step now.
    """

    name: str
    parameters: dict[str, str] = {}
    target: Target | None = None
    dry_run: bool = False


class DeclaredStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step as it is declared."""

    kind: StepKind
    title: str
    steps: tuple["DeclaredStep", ...] = ()


class DeclaredWorkflow(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow that the stacks declare."""

    name: str
    description: str
    parameters: Mapping[str, Parameter]
    steps: tuple[DeclaredStep, ...]
    operators: tuple[str, ...] | None
    match: tuple[str, ...] | None
    allowed: bool
    """Whether the one who asks may run it."""


class DeclaredWorkflows(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, by name."""

    items: tuple[DeclaredWorkflow, ...]
    next_cursor: str | None = None


class MeantStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step that would be gone through, and the machines that it would be for now, by hostname."""

    position: str
    kind: StepKind
    title: str
    hostnames: tuple[str, ...]


class CreatedWorkflowRun(msgspec.Struct, frozen=True, kw_only=True):
    """The run that was begun, or for a dry run None; and its steps."""

    id: WorkflowRunId | None
    steps: tuple[MeantStep, ...]


class StepItem(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a run. `position` is its number; within batches `2.3.1` is the first step of batch 3 of step 2.

    `task` is the task that it is carried out by, if it is. Of its `machines` so many are `done`; `failed` names those
    that failed, the first of them where they are many.
    """

    position: str
    kind: StepKind
    title: str
    state: StepState
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str = ""
    task: TaskId | None = None
    machines: int = 0
    some: tuple[str, ...] = ()
    """The first of their hostnames."""
    done: int = 0
    failed: tuple[str, ...] = ()
    until: datetime | None = None
    """When its time is over."""
    approvers: tuple[str, ...] | None = None


class WorkflowRunItem(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it is listed. `ended_at` is None while it goes on; `at` is the step that it is at."""

    id: WorkflowRunId
    name: str
    state: RunState
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    reason: str
    at: str = ""


class WorkflowRunDetail(WorkflowRunItem, frozen=True, kw_only=True):
    """A run with its steps in their order."""

    parameters: dict[str, str]
    target: str
    steps: tuple[StepItem, ...]


class WorkflowRunList(msgspec.Struct, frozen=True, kw_only=True):
    """Runs, the newest first."""

    items: tuple[WorkflowRunItem, ...]
    next_cursor: str | None = None


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's word. With a `step` it is for that one and no other."""

    step: str | None = None


class StepEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="step"):
    """A step changed."""

    step: StepItem


class WorkflowBeatEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="beat"):
    """Nothing happened for a while."""

    at: str


class WorkflowEndEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="end"):
    """The run has ended."""

    state: RunState
    reason: str


WorkflowEvent = StepEvent | WorkflowBeatEvent | WorkflowEndEvent

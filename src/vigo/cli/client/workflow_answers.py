"""What the server answers of workflows, as far as it is shown."""

from datetime import datetime

import msgspec

from vigo.cli.client.answers import TaskParameter


class DeclaredStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step as it is declared."""

    title: str
    steps: tuple["DeclaredStep", ...] = ()


class DeclaredWorkflow(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow of the stacks."""

    name: str
    description: str
    parameters: dict[str, TaskParameter]
    steps: tuple[DeclaredStep, ...]
    allowed: bool


class StepItem(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a run."""

    position: str
    kind: str
    title: str
    state: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str = ""
    task: str | None = None
    machines: int = 0
    some: tuple[str, ...] = ()
    done: int = 0
    failed: tuple[str, ...] = ()
    until: datetime | None = None
    approvers: tuple[str, ...] | None = None

    def named(self) -> str:
        """Return the machines that it is for, the first of them where they are many."""
        more = self.machines - len(self.some)
        return ", ".join(self.some) + (f" and {more} more" if more else "")

    def counted(self) -> str:
        """Return on how many machines it is done, where it is for machines."""
        return f"{self.done} of {self.machines}" if self.machines else ""


class WorkflowRunItem(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it is listed."""

    id: str
    name: str
    state: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    reason: str
    at: str


class WorkflowRunDetail(WorkflowRunItem, frozen=True, kw_only=True):
    """A run with its steps."""

    parameters: dict[str, str]
    target: str
    steps: tuple[StepItem, ...]

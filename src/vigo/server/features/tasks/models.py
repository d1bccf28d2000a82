"""Tasks: what is run, on whom, and how it ended there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from vigo.core.ids import EnvoyId, TaskId
from vigo.core.named_task import Parameter
from vigo.core.saved_query import SavedQuery
from vigo.core.target import Target
from vigo.core.task import CHECK_WITHIN, TaskKind

TargetState = Literal[
    "waiting",
    "sent",
    "running",
    "succeeded",
    "failed",
    "timed-out",
    "cancelled",
    "expired",
    "refused",
    "lost",
]
"""Of the states before the final one: `waiting` for its turn or its envoy, `sent` to the agent, `running` there."""


class NewTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to run, on whom and how.

    `command` is for `/bin/sh -c`; `user` is whom it runs as, by default the agent's own. Of the kind `query` it is an
    expression, which is asked for as a query alone.

    `batch` is how many envoys are one batch, or `25%` of them: a batch begins when the one before it has ended. At most
    `concurrency` run at a time. Once more than `max_failures` did not succeed no other is started. For an envoy that is
    not connected the task is kept for `queue_offline_seconds`, if that is more than 0. With `dry_run` nothing is run,
    and it is told who would be meant.
    """

    target: Target
    kind: TaskKind = "command"
    command: str
    user: str | None = None
    nice: int = 0
    timeout_seconds: float = 300.0
    batch: str | None = None
    concurrency: int | None = None
    max_failures: int | None = None
    health_check: str = ""
    """A command or URL that is tried on each batch before the next begins, for at most `health_within_seconds`."""
    health_within_seconds: float = CHECK_WITHIN.total_seconds()
    queue_offline_seconds: float = 0.0
    dry_run: bool = False
    environment: dict[str, str] = {}
    """Variables for the command."""
    rows: int = 0
    """How many items the answer to a query may have; 0 is any number."""
    checks: str = ""
    """Of which task this checks a batch."""
    named: str = ""
    """Which task of the stacks it is, `parameters` what was given to that. It says what to run, then."""
    parameters: dict[str, str] = {}


class NewNamedTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which task of the stacks to run, with what, on whom and how; the rest as in a new task."""

    name: str
    parameters: dict[str, str] = {}
    target: Target
    batch: str | None = None
    concurrency: int | None = None
    max_failures: int | None = None
    queue_offline_seconds: float = 0.0
    dry_run: bool = False


class DeclaredTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that the stacks declare."""

    name: str
    description: str
    command: str
    parameters: Mapping[str, Parameter]
    timeout_seconds: float
    user: str | None
    health_check: str
    operators: tuple[str, ...] | None
    match: tuple[str, ...] | None
    allowed: bool
    """Whether the one who asks may run it."""


class DeclaredTasks(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, by name."""

    items: tuple[DeclaredTask, ...]
    next_cursor: str | None = None


class SavedQueries(msgspec.Struct, frozen=True, kw_only=True):
    """The queries that the stacks declare, by name."""

    items: tuple[SavedQuery, ...]
    next_cursor: str | None = None


class NewQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to ask envoys: an expression over `traits`, which each collects for it at that moment."""

    target: Target
    expression: str
    timeout_seconds: float = 60.0
    rows: int = 0
    """How many items an answer may have that is a list or a map; 0 is any number."""
    dry_run: bool = False


class TaskTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A task on one envoy.

    `output` is what is kept of its output, and where there are many envoys the end of that; `output_bytes` is how much
    it printed.
    """

    id: EnvoyId
    hostname: str
    state: TargetState
    exit_code: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_ms: float | None = None
    reason: str = ""
    output: str = ""
    output_bytes: int = 0


class MeantEnvoy(msgspec.Struct, frozen=True, kw_only=True):
    """An envoy that a task would be run on."""

    id: EnvoyId
    hostname: str
    connected: bool


class TaskItem(msgspec.Struct, frozen=True, kw_only=True):
    """A task as it is listed. `ended_at` is None while it goes on."""

    id: TaskId
    kind: TaskKind
    command: str
    target: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    counts: dict[TargetState, int]


class TaskDetail(TaskItem, frozen=True, kw_only=True):
    """A task with each envoy's part, by hostname."""

    user: str | None
    nice: int
    timeout_seconds: float
    health_check: str
    targets: tuple[TaskTarget, ...]


class TaskList(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks, the newest first."""

    items: tuple[TaskItem, ...]
    next_cursor: str | None = None


class CreatedTask(msgspec.Struct, frozen=True, kw_only=True):
    """The task that was begun, or for a dry run None; and who is meant, by hostname."""

    id: TaskId | None
    items: tuple[MeantEnvoy, ...]


class Rerun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which envoys to run a task on again: all, or those where it did not succeed."""

    failed: bool = False


class StateEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="state"):
    """An envoy's part changed. Its output was told before, in events of its own."""

    target: TaskTarget


class OutputEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="output"):
    """An envoy printed something."""

    hostname: str
    text: str


class NoteEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="note"):
    """The task as a whole goes on in some way: a health check begins, or how it ended."""

    text: str


class BeatEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="beat"):
    """Nothing happened for a while; how the envoys stand."""

    counts: dict[TargetState, int]


class EndEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="end"):
    """The task has ended on every envoy."""

    counts: dict[TargetState, int]


TaskEvent = StateEvent | OutputEvent | NoteEvent | BeatEvent | EndEvent

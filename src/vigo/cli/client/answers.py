"""What the REST API answers, as far as people are shown it. `--json` prints the answers themselves."""

from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec

from vigo.core.errors import UnavailableError
from vigo.core.ids import EnvoyId, GenerationNumber, RunId, TaskId
from vigo.core.named_task import written
from vigo.core.run import Outcome, ResourceResult
from vigo.policy.diagnostics import Diagnostic

T = TypeVar("T")


class LastRun(msgspec.Struct, frozen=True, kw_only=True):
    """The run of an envoy over its whole policy that arrived last, and a repair since that failed."""

    id: RunId
    started_at: datetime
    counts: dict[Outcome, int]
    failed_since: RunId | None = None
    changed_in_a_row: int = 0


class Envoy(msgspec.Struct, frozen=True, kw_only=True):
    """An envoy."""

    id: EnvoyId
    hostname: str
    status: str
    enrolled_at: datetime
    last_seen_at: datetime | None
    certificate_not_after: datetime
    agent_version: str
    entry: str | None
    environment: str | None
    roles: tuple[str, ...]
    generation: GenerationNumber | None
    live_generation: GenerationNumber | None
    convergence: str
    drift: str = "none"
    reachability: str = "never"
    connected_since: datetime | None = None
    last_run: LastRun | None
    labels: dict[str, str] = {}
    copied_at: datetime | None = None
    clock_skew_seconds: float | None = None


class EnvoyDetail(Envoy, frozen=True, kw_only=True):
    """An envoy with the latest outcome of each resource."""

    resources: tuple[ResourceResult, ...]


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """How many active envoys are how."""

    envoys: int
    connected: int
    convergence: dict[str, int]
    drift: dict[str, int]
    reachability: dict[str, int]
    live_generation: int | None
    on_live_generation: int


class FleetPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some envoys, and how many fit."""

    items: tuple[Envoy, ...]
    found: int


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in."""

    name: str
    roles: tuple[str, ...]
    match: tuple[str, ...] | None
    last_signed_in_at: datetime | None
    disabled: bool
    locked_until: datetime | None
    has_one_time_codes: bool
    sessions: int


class AuditAct(msgspec.Struct, frozen=True, kw_only=True):
    """One act of the audit trail."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    outcome: str | None
    source: str | None


class RunItem(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it is listed."""

    id: RunId
    hostname: str
    generation: GenerationNumber
    started_at: datetime
    received_at: datetime
    duration_ms: float
    offline: bool
    dropped_runs: int
    outcome: Outcome
    cause: str | None = None
    partial: bool = False
    counts: dict[Outcome, int]


class RunDetail(RunItem, frozen=True, kw_only=True):
    """A run with the outcome of every resource."""

    results: tuple[ResourceResult, ...]


class TaskTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A task on one envoy."""

    hostname: str
    state: str
    exit_code: int | None = None
    duration_ms: float | None = None
    reason: str = ""
    output: str = ""
    output_bytes: int = 0


class TaskItem(msgspec.Struct, frozen=True, kw_only=True):
    """A task as it is listed."""

    id: TaskId
    kind: str = "command"
    command: str
    target: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    counts: dict[str, int]


class TaskDetail(TaskItem, frozen=True, kw_only=True):
    """A task with each envoy's part."""

    user: str | None
    timeout_seconds: float
    health_check: str = ""
    targets: tuple[TaskTarget, ...]


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """A published generation."""

    number: GenerationNumber
    digest: str
    message: str
    author: str
    published_at: datetime
    live: bool


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What publishing did."""

    generation: Generation
    warnings: tuple[Diagnostic, ...]
    unchanged: bool = False


class StacksDifference(msgspec.Struct, frozen=True, kw_only=True):
    """How the server's stacks differ from the live generation, or the problem that keeps it from telling."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    problem: str | None


class RolledBack(msgspec.Struct, frozen=True, kw_only=True):
    """What going back to a former generation did."""

    generation: Generation
    warnings: tuple[Diagnostic, ...]
    unchanged: bool
    stacks: StacksDifference


class Freeze(msgspec.Struct, frozen=True, kw_only=True):
    """Until when nothing is published, by whose word, and why."""

    until: datetime
    reason: str
    frozen_by: str
    frozen_at: datetime


class Unfrozen(msgspec.Struct, frozen=True, kw_only=True):
    """The freeze that was ended, or None where none was in force."""

    freeze: Freeze | None


class GenerationStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is live, the freeze, and how the stacks differ."""

    live: Generation | None
    problem: str | None
    freeze: Freeze | None
    stacks: StacksDifference


class TaskParameter(msgspec.Struct, frozen=True, kw_only=True):
    """What is given to a task of the stacks."""

    type: str
    default: str | int | bool | None
    one_of: tuple[str | int | bool, ...]

    def told(self, name: str) -> str:
        """Return it in a few words: NAME=DEFAULT, or NAME where it has to be given, and what it may be."""
        given = name if self.default is None else f"{name}={written(self.default)}"
        kinds = "|".join(written(one) for one in self.one_of) or ("" if self.type == "text" else self.type)
        return f"{given} ({kinds})" if kinds else given


class DeclaredTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task of the stacks."""

    name: str
    description: str
    parameters: dict[str, TaskParameter]
    allowed: bool

    def parameters_told(self) -> str:
        """Return its parameters in a few words."""
        return ", ".join(one.told(name) for name, one in self.parameters.items()) or "-"


class ScrierItem(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it is listed."""

    id: str
    hostname: str
    kind: str
    user: str
    port: int
    operator: str
    state: str
    opened_at: datetime
    exit_code: int | None
    reason: str


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """An enrolment token as it is listed."""

    id: str
    hostname: str
    expires_at: datetime
    uses: int
    uses_left: int
    created_by: str
    used_by: tuple[str, ...] = ()
    labels: dict[str, str] = {}


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """The CA or the policy key."""

    subject: str
    fingerprint: str
    ends_at: datetime | None
    next_fingerprint: str | None
    phase: str | None
    begun_at: datetime | None
    envoys: int
    behind: int
    behind_hostnames: tuple[str, ...]
    advice: str


class WaitingMachine(msgspec.Struct, frozen=True, kw_only=True):
    """A machine that asks to be let in."""

    fingerprint: str
    hostname: str
    source: str
    asked_at: datetime
    expires_at: datetime
    state: str
    decided_by: str
    labels: dict[str, str]
    takes_place_of: str | None


class MintedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new enrolment token."""

    token: str
    hostname: str
    expires_at: datetime
    uses: int
    ca_sha256: str
    server: str
    bootstrap_sha256: str = ""


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """An access token as it is listed."""

    id: str
    name: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    permissions: tuple[str, ...] | None = None
    match: tuple[str, ...] | None = None
    last_used_at: datetime | None = None


class MintedAccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new access token, and what logging in with it takes."""

    token: str
    id: str
    name: str
    expires_at: datetime
    ca_sha256: str
    server: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at, by the server or here."""

    name: str
    status: Literal["ok", "warning", "failed"]
    detail: str
    advice: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What the server says of itself."""

    version: str
    checks: tuple[Check, ...]


def read(answer: Any, as_type: type[T]) -> T:
    """Return an answer in the shape that is shown.

    Raises:
        UnavailableError: it has another.
    """
    try:
        return msgspec.convert(answer, as_type)
    except msgspec.ValidationError as error:
        raise UnavailableError(
            f"expected an answer that this vigocli knows, found another: {error}; use the vigocli of the server's"
            " version, or --json"
        ) from error

"""Generations: published states of the stacks, numbered, content-addressed, immutable."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Protocol

import msgspec

from vigo.core.bundle import SignedBundle
from vigo.core.errors import InvalidError, RejectedPolicyError
from vigo.core.ids import Digest, GenerationNumber
from vigo.core.named_task import NamedTask
from vigo.core.plan import Origin, Plan
from vigo.core.saved_query import SavedQuery
from vigo.core.scrier import ScrierRule
from vigo.core.secret_marker import SecretMarker
from vigo.core.workflow import Workflow
from vigo.policy.compliance import Compliance


class Policy(Protocol):
    """What the compiler makes of stacks."""

    def match(self, hostname: str) -> Any | None:
        """Return the first entry that covers a hostname, or None."""
        ...

    def plan(self, entry: Any) -> Plan:
        """Return an entry's plan."""
        ...

    def scrier_rule(self, hostname: str) -> ScrierRule | None:
        """Return who may open sessions on a machine, or None where nobody may."""
        ...

    def named_tasks(self) -> Mapping[str, NamedTask]:
        """Return the tasks that are declared, by name."""
        ...

    def workflows(self) -> Mapping[str, Workflow]:
        """Return the workflows that are declared, by name."""
        ...

    def secret_references(self) -> Sequence[tuple[SecretMarker, Origin]]:
        """Return the secrets that are referred to, each with its places."""
        ...

    def saved_queries(self) -> Mapping[str, SavedQuery]:
        """Return the queries that are declared, by name."""
        ...

    def compliance(self) -> Compliance:
        """Return what is claimed and waived."""
        ...


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What the compiler says of a place in the stacks. Line and column count from 1."""

    severity: Literal["error", "warning"]
    code: str
    message: str
    file: str
    line: int
    column: int
    source_line: str = ""
    hint: str = ""


class CompiledStacks(NamedTuple):
    """A policy, or None where there are errors."""

    policy: Policy | None
    findings: tuple[Finding, ...]


Compile = Callable[[Path], CompiledStacks]
"""Reads and compiles the stacks under a folder."""

Check = Callable[[Policy], "tuple[Finding, ...]"]
"""Finds what is wrong with a policy on this server, though it compiles. It may wait, so it belongs into a thread."""


def nothing_wrong(_policy: Policy) -> "tuple[Finding, ...]":
    """Find nothing."""
    return ()


class NewGeneration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for: publish the stacks as they are now, and why.

    `base` is the number of the generation that the author knows, 0 before the first; where a newer one is live,
    nothing is published.
    """

    message: str
    base: int | None = None


class NewRollback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for: publish a former generation's content again. Without a message one is made."""

    message: str | None = None


class NewFreeze(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for: nothing is published until a moment, or for so many seconds from now, and why."""

    reason: str
    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    ttl_seconds: int | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside a published generation's files. `files` maps each path to its content's SHA-256."""

    number: GenerationNumber
    digest: Digest
    message: str
    author: str
    published_at: datetime
    files: dict[str, Digest]


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """A generation as it is listed."""

    number: GenerationNumber
    digest: Digest
    message: str
    author: str
    published_at: datetime
    live: bool


class GenerationList(msgspec.Struct, frozen=True, kw_only=True):
    """Generations, the newest first."""

    items: tuple[Generation, ...]
    next_cursor: str | None = None


class Published(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What publishing did. `unchanged` says that the live generation has this content already."""

    generation: Generation
    warnings: tuple[Finding, ...]
    unchanged: bool = False


class StacksDifference(msgspec.Struct, frozen=True, kw_only=True):
    """How the stacks differ from the live generation: paths, sorted. `problem` says why nobody can tell."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    problem: str | None = None


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a generation has otherwise than the one before it. `diff` is bounded text, empty for other bytes."""

    path: str
    action: Literal["added", "changed", "removed"]
    diff: str


class GenerationChanges(msgspec.Struct, frozen=True, kw_only=True):
    """How a generation's files differ from those of the one before it; `since` is its number, null for the first."""

    number: GenerationNumber
    since: GenerationNumber | None
    files: tuple[FileChange, ...]
    left_out: int = 0
    """Files that changed and are not shown: they are too many."""


class RolledBack(msgspec.Struct, frozen=True, kw_only=True):
    """What going back did. The stacks were not touched: `stacks` is how they differ from what is live now."""

    generation: Generation
    warnings: tuple[Finding, ...]
    unchanged: bool
    stacks: StacksDifference


class Freeze(msgspec.Struct, frozen=True, kw_only=True):
    """Until when nothing is published, by whose word, and why."""

    until: datetime
    reason: str
    frozen_by: str
    frozen_at: datetime


class Unfrozen(msgspec.Struct, frozen=True, kw_only=True):
    """The freeze that was ended, or null where none was in force."""

    freeze: Freeze | None


class GenerationStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is live, whether something may be published, and whether there is anything to publish.

    `problem` says why another generation should be live than the one that is.
    """

    live: Generation | None
    problem: str | None
    freeze: Freeze | None
    stacks: StacksDifference


class StageAndLive(NamedTuple):
    """The stacks as they are and the live generation, both compiled. There is none live before the first."""

    stage: Policy
    digest: Digest
    warnings: tuple[Finding, ...]
    live: Policy | None
    generation: Generation | None


class Validated(msgspec.Struct, frozen=True, kw_only=True):
    """Stacks without errors."""

    warnings: tuple[Finding, ...]


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What the live generation holds for a hostname."""

    entry: str
    """`FILE:LINE` of the match entry."""
    environment: str | None
    roles: tuple[str, ...]
    bundle: SignedBundle
    configcrates: tuple[str, ...] = ()
    secret_names: frozenset[str] = frozenset()
    """The secrets that a machine with this bundle may ask for."""
    certificate_names: frozenset[str] | None = None
    """The names that the service CA signs for a machine with this bundle beside its own; None where it signs none."""


class StacksRejectedError(RejectedPolicyError):
    """The stacks have errors. `diagnostics` are all findings, errors and warnings."""

    def __init__(self, message: str, diagnostics: tuple[Finding, ...]) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics


def number_of(text: str) -> GenerationNumber:
    """Return the number of a generation.

    Raises:
        InvalidError: it is none.
    """
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text, re.ASCII):
        raise InvalidError(
            f"expected the number of a generation, found {text[:40]!r}; `vigocli config history` lists them"
        )
    return GenerationNumber(int(text))

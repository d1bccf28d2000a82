"""Generations: published states of the stacks, numbered, content-addressed, immutable."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from vigo.core.bundle import SignedBundle
from vigo.core.errors import RejectedPolicyError
from vigo.core.ids import Digest, GenerationNumber
from vigo.core.plan import Plan


class Policy(Protocol):
    """What the compiler makes of stacks."""

    def match(self, hostname: str) -> Any | None:
        """Return the first entry that covers a hostname, or None."""
        ...

    def plan(self, entry: Any) -> Plan:
        """Return an entry's plan."""
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


class NewGeneration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for: publish the stacks as they are now, and why."""

    message: str


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


class StacksRejectedError(RejectedPolicyError):
    """The stacks have errors. `diagnostics` are all findings, errors and warnings."""

    def __init__(self, message: str, diagnostics: tuple[Finding, ...]) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics

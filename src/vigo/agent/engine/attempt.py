"""What is known of a resource while it is worked on, what carries its operations out, and how long that may take."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from vigo.catalog.api import Resource
from vigo.catalog.ops import Op
from vigo.catalog.ops.base import NOT_TOLD
from vigo.core.clock import Clock
from vigo.core.errors import BlockedError, InvalidError, QuotingError, TimedOutError, VigoError
from vigo.core.ids import ResourceId
from vigo.core.run import Outcome, ResourceResult

MAX_REASON_CHARACTERS = 4_000
MAX_OPS = 100
MAX_OP_CHARACTERS = 500

Execute = Callable[[Op], object]
"""Carries one operation out on the host, or raises a VigoError that says why it could not."""

Kinds = Mapping[str, Resource[Any, Any]]


class Deadline:
    """When a resource must be done; without a limit of its own each operation keeps its own."""

    def __init__(self, limit_seconds: float | None, clock: Clock) -> None:
        self._limit = None if limit_seconds is None else timedelta(seconds=limit_seconds)
        self._clock = clock
        self._started = timedelta(0) if self._limit is None else clock.monotonic()

    def leaves(self, duration: timedelta) -> bool:
        """Return whether more time than this is left."""
        return self._limit is None or self._limit - (self._clock.monotonic() - self._started) > duration

    def within(self, op: Op) -> Op:
        """Return the operation with the time that is left.

        Raises:
            TimedOutError: none is.
        """
        if self._limit is None:
            return op
        left = self._limit - (self._clock.monotonic() - self._started)
        if left <= timedelta(0):
            raise TimedOutError(
                f"expected to be done within {self._limit.total_seconds():g} s, found that time used up;"
                " raise the resource's `timeout`"
            )
        return msgspec.structs.replace(op, timeout=left) if "timeout" in op.__struct_fields__ else op


class Attempt(msgspec.Struct, kw_only=True):
    """What is known of a resource while it is worked on; `result` is its final form.

    It is declared once its declaration was accepted, and refused where Vigo would not do what it asks for. `secrets`
    are the names of those that it is made of.
    """

    ops: tuple[Op, ...] = ()
    done: int = 0
    diff: str = ""
    outcome: Outcome = "unchanged"
    reason: str = ""
    is_declared: bool = False
    is_refused: bool = False
    secrets: tuple[str, ...] = ()

    @property
    def is_worth_another(self) -> bool:
        """Whether the machine kept it from its state: a declaration that is wrong is as wrong the next time."""
        return self.is_declared and not self.is_refused and self.outcome in ("failed", "blocked")

    @property
    def would_change(self) -> bool:
        """Whether an operation changes something, rather than only to look at what no dry run may ask."""
        return any(not op.only_checks for op in self.ops)

    def end(self, outcome: Outcome, reason: str) -> None:
        """Record how it ended."""
        self.outcome, self.reason = outcome, reason

    def end_by(self, error: VigoError, foreseen: str) -> None:
        """Record an error; where it is foreseen, for that reason, changes that come first may well take it away."""
        if foreseen and not self.ops:
            self.end("skipped", f"{foreseen}; as of now: {error}")
        else:
            told = NOT_TOLD if self.secrets and isinstance(error, QuotingError) else str(error)
            self.end("blocked" if isinstance(error, BlockedError) else "failed", told)

    def carry_out(self, execute: Execute, deadline: Deadline) -> None:
        """Carry the operations out, one after the other.

        Raises:
            BlockedError: the host does not allow one of them now.
            InvalidError: one failed for another reason.
        """
        for op in self.ops:
            try:
                execute(deadline.within(op))
            except BlockedError as error:
                raise BlockedError(_told(op, error)) from error
            except VigoError as error:
                raise InvalidError(_told(op, error)) from error
            self.done += 1

    def result(self, id_: ResourceId, type_: str, duration: timedelta, *, dry_run: bool) -> ResourceResult:
        """Return the outcome with its bounds kept. Outside a dry run only what was carried out counts as changed."""
        if not self.ops and not self.reason:
            # Most resources of most passes: nothing to do, and nothing to say.
            return ResourceResult(id=id_, type=type_, outcome=self.outcome, duration_ms=_milliseconds(duration))
        is_foretold = dry_run and self.outcome != "skipped" and not self.is_refused
        counted = self.ops if is_foretold else self.ops[: self.done]
        shown = tuple(bounded(op.summary(), MAX_OP_CHARACTERS) for op in self.ops[:MAX_OPS])
        if len(self.ops) > MAX_OPS:
            shown = (*shown, f"and {len(self.ops) - MAX_OPS} more")
        return ResourceResult(
            id=id_,
            type=type_,
            outcome=self.outcome,
            changed=tuple(dict.fromkeys(field for op in counted for field in op.changes)),
            ops=shown,
            diff=bounded(self.diff, None),
            reason=bounded(self.reason, MAX_REASON_CHARACTERS),
            duration_ms=_milliseconds(duration),
        )


def _milliseconds(duration: timedelta) -> float:
    return round(duration.total_seconds() * 1000, 3)


def _told(op: Op, error: VigoError) -> str:
    """Return the error with the operation in front, unless it begins with it already."""
    text, summary = str(error), op.summary()
    return text if text.startswith(summary) else f"{bounded(summary, MAX_OP_CHARACTERS)}: {text}"


def bounded(text: str, limit: int | None) -> str:
    """Return the text cut at a limit, and such that it can be encoded: lone surrogates are replaced."""
    clean = text.encode(errors="replace").decode()
    return clean if limit is None or len(clean) <= limit else clean[:limit] + " (cut here)"

"""One resource, from its declaration to its outcome: observe, plan, execute, observe again."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from vigo.agent.engine.diff import Diffs
from vigo.agent.engine.guardrail import Guardrail
from vigo.agent.engine.keeping import Keeper
from vigo.agent.engine.progress import CONDITION_IS_FALSE
from vigo.agent.engine.rendering import Context, condition_holds, spec_of
from vigo.catalog.api import ReadHost, Resource, Spec
from vigo.catalog.ops import Op, Run
from vigo.catalog.protected import require_harmless
from vigo.core.clock import Clock
from vigo.core.errors import BlockedError, InvalidError, TimedOutError, VigoError
from vigo.core.ids import ResourceId
from vigo.core.nearest import did_you_mean
from vigo.core.plan import PlannedResource
from vigo.core.run import Outcome, ResourceResult
from vigo.core.templates import Templates

MAX_REASON_CHARACTERS = 4_000
MAX_OPS = 100
MAX_OP_CHARACTERS = 500

Execute = Callable[[Op], object]
"""Carries one operation out on the host, or raises a VigoError that says why it could not."""

Kinds = Mapping[str, Resource[Any, Any]]

_log = logging.getLogger(__name__)


class Attempt(msgspec.Struct, kw_only=True):
    """What is known of a resource while it is worked on; `result` is its final form."""

    ops: tuple[Op, ...] = ()
    done: int = 0
    diff: str = ""
    outcome: Outcome = "unchanged"
    reason: str = ""
    is_declared: bool = False

    @property
    def would_change(self) -> bool:
        """Whether an operation changes something, rather than only to look at what no dry run may ask."""
        return any(not op.only_checks for op in self.ops)

    def end(self, outcome: Outcome, reason: str) -> None:
        """Record how it ended."""
        self.outcome, self.reason = outcome, reason

    def end_by(self, error: VigoError, *, is_foreseen: bool) -> None:
        """Record an error; where it is foreseen in a dry run, changes that come first may well take it away."""
        if is_foreseen and not self.ops:
            self.end("skipped", f"not known in a dry run: earlier changes come first; as of now: {error}")
        else:
            self.end("blocked" if isinstance(error, BlockedError) else "failed", str(error))

    def carry_out(self, execute: Execute, deadline: "Deadline") -> None:
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
        counted = self.ops if dry_run and self.outcome != "skipped" else self.ops[: self.done]
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
            duration_ms=round(duration / timedelta(milliseconds=1), 3),
        )


class Worker:
    """Brings single resources into their declared state; in a dry run it stops before the first change."""

    def __init__(
        self,
        host: ReadHost,
        execute: Execute,
        clock: Clock,
        *,
        kinds: Kinds,
        templates: Templates,
        guardrail: Guardrail,
        keeper: Keeper,
        dry_run: bool,
    ) -> None:
        self._host = host
        self._execute = execute
        self._clock = clock
        self._kinds = kinds
        self._templates = templates
        self._guardrail = guardrail
        self._keeper = keeper
        self._dry_run = dry_run
        self._diffs = Diffs(host)

    def work(
        self,
        resource: PlannedResource,
        context: Context,
        *,
        before_change: Callable[[], None],
        changes_ahead: int,
    ) -> ResourceResult:
        """Return how the resource ended; no error leaves this, so that the others are still worked on.

        `before_change` is called right before the first operation is carried out. `changes_ahead` counts what changed
        earlier in this pass: in a dry run that did not happen, so what fails here may well succeed after it.
        """
        started = self._clock.monotonic()
        attempt = Attempt()
        try:
            self._work(resource, context, attempt, before_change)
        except VigoError as error:
            attempt.end_by(error, is_foreseen=self._dry_run and bool(changes_ahead) and attempt.is_declared)
        except Exception as error:  # noqa: BLE001 - one faulty kind must not keep the machine from all the others
            _log.exception("internal fault resource=%s type=%s", resource.id, resource.type)
            found = f"{type(error).__name__}: {error}"
            attempt.end("failed", f"internal fault: {found}; the agent's log has the details, please report them")
        duration = self._clock.monotonic() - started
        return attempt.result(resource.id, resource.type, duration, dry_run=self._dry_run)

    def applies(self, resource: PlannedResource, context: Context) -> bool:
        """Return whether every condition of a resource is true.

        Raises:
            InvalidError: one cannot be evaluated.
        """
        return all(condition_holds(condition, self._templates, context) for condition in resource.conditions)

    def declared(self, resource: PlannedResource, context: Context) -> tuple[Resource[Any, Any], Spec]:
        """Return a resource's kind and its declaration, accepted.

        Raises:
            InvalidError: its kind is not known, or its values do not fit.
        """
        kind = self._kind(resource)
        spec = spec_of(resource, kind, self._templates, context)
        kind.validate(spec)
        require_harmless(kind, spec)
        return kind, spec

    def _work(
        self, resource: PlannedResource, context: Context, attempt: Attempt, before_change: Callable[[], None]
    ) -> None:
        deadline = Deadline(resource.timeout_seconds, self._clock)
        for condition in resource.conditions:
            if not condition_holds(condition, self._templates, context):
                attempt.end("skipped", CONDITION_IS_FALSE + condition.expression)
                return
        kind, spec = self.declared(resource, context)
        attempt.is_declared = True
        ops, blocked = self._planned(kind, spec)
        for op in ops:
            self._guardrail.check(op)
        attempt.ops, attempt.diff = ops, self._diffs.of(ops)
        if ops and resource.noop:
            fields = ", ".join(dict.fromkeys(field for op in ops for field in op.changes))
            attempt.end("skipped", f"it is `noop: true`; otherwise it would change {fields}")
            return
        if not ops:
            self._keeper.without_change(resource, kind, spec)
        else:
            if not self._dry_run and attempt.would_change:
                before_change()
            attempt.reason = self._keeper.before_change(resource, kind, spec, ops)
            if not self._dry_run:
                self._change(resource, kind, spec, attempt, deadline)
        if blocked is not None:
            raise blocked
        attempt.outcome = "changed" if attempt.would_change else "unchanged"

    def _change(
        self,
        resource: PlannedResource,
        kind: Resource[Any, Any],
        spec: Spec,
        attempt: Attempt,
        deadline: "Deadline",
    ) -> None:
        try:
            attempt.carry_out(self._execute, deadline)
            self._confirm(kind, spec)
        except Exception:
            # What was done until then is its work too; after a kill the record stays open instead.
            self._keeper.after_change(resource)
            raise
        self._keeper.after_change(resource)

    def _kind(self, resource: PlannedResource) -> Resource[Any, Any]:
        kind = self._kinds.get(resource.type)
        if kind is None:
            raise InvalidError(
                f"type ({resource.origin}): expected a kind that this agent knows, found {resource.type!r}"
                f"{did_you_mean(resource.type, self._kinds)}; update the agent, or correct the type"
            )
        return kind

    def _planned(self, kind: Resource[Any, Any], spec: Spec) -> tuple[tuple[Op, ...], BlockedError | None]:
        """Return what has to be done, and what then still keeps the resource from its declared state."""
        ops: list[Op] = []
        try:
            ops.extend(kind.plan(spec, kind.observe(spec, self._host)))
        except BlockedError as error:
            return tuple(ops), error
        return tuple(ops), None

    def _confirm(self, kind: Resource[Any, Any], spec: Spec) -> None:
        if not kind.settles(spec):
            return
        left, _ = self._planned(kind, spec)
        if left:
            raise InvalidError(
                f"did not converge: still to do after it was done: {'; '.join(op.summary() for op in left[:5])};"
                " something undoes it at once, or two declarations contradict each other"
            )


class Deadline:
    """When a resource must be done; without a limit of its own each operation keeps its own."""

    def __init__(self, limit_seconds: float | None, clock: Clock) -> None:
        self._limit = None if limit_seconds is None else timedelta(seconds=limit_seconds)
        self._clock = clock
        self._started = clock.monotonic()

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
        return msgspec.structs.replace(op, timeout=left) if isinstance(op, Run) else op


def _told(op: Op, error: VigoError) -> str:
    """Return the error with the operation in front, unless it begins with it already."""
    text, summary = str(error), op.summary()
    return text if text.startswith(summary) else f"{bounded(summary, MAX_OP_CHARACTERS)}: {text}"


def bounded(text: str, limit: int | None) -> str:
    """Return the text cut at a limit, and such that it can be encoded: lone surrogates are replaced."""
    clean = text.encode(errors="replace").decode()
    return clean if limit is None or len(clean) <= limit else clean[:limit] + " (cut here)"

"""One resource, from its declaration to its outcome: observe, plan, execute, observe again."""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import msgspec

from vigo.agent.engine.attempt import Attempt, Deadline, Execute, Kinds
from vigo.agent.engine.diff import Diffs
from vigo.agent.engine.guardrail import Guardrail
from vigo.agent.engine.holding import Holds
from vigo.agent.engine.keeping import Keeper
from vigo.agent.engine.progress import CONDITION_IS_FALSE
from vigo.agent.engine.rendering import Context, condition_holds, spec_of, values_of
from vigo.agent.engine.retrying import Retrier
from vigo.agent.engine.secrets import Secrets, with_values
from vigo.agent.engine.sightings import Inputs, Sightings, taken
from vigo.agent.engine.standing import Standing
from vigo.agent.machine import Look, Marks
from vigo.catalog.api import ReadHost, Resource, Spec
from vigo.catalog.ops import Op
from vigo.catalog.protected import require_harmless
from vigo.core.clock import Clock
from vigo.core.errors import BlockedError, InvalidError, VigoError
from vigo.core.ids import ResourceId
from vigo.core.nearest import did_you_mean
from vigo.core.plan import PlannedResource, Retry
from vigo.core.run import ResourceResult
from vigo.core.secret_marker import SecretMarker, revealed
from vigo.core.templates import Templates

OneLook = Callable[[], AbstractContextManager[Look | None]]
"""Within what it gives, the host looks at each path once."""

HasMoved = Callable[[Marks], bool]
"""Tells whether what a look saw is another now."""

_log = logging.getLogger(__name__)


class Worker:
    """Brings single resources into their declared state; in a dry run it stops before the first change.

    It notes in `standing`, if there is one, which paths of theirs are to be watched. Unless it `looks_at_all`, what the
    `sightings` show to be in its state still is passed over.
    """

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
        holds: Holds,
        retrier: Retrier,
        one_look: OneLook,
        has_moved: HasMoved,
        sightings: Sightings,
        secrets: Secrets,
        dry_run: bool,
        looks_at_all: bool = False,
        standing: Standing | None = None,
    ) -> None:
        self._host = host
        self._execute = execute
        self._clock = clock
        self._kinds = kinds
        self._templates = templates
        self._guardrail = guardrail
        self._keeper = keeper
        self._holds = holds
        self._retrier = retrier
        self._one_look = one_look
        self._has_moved = has_moved
        self._sightings = sightings
        self._secrets = secrets
        self._looks_at_all = looks_at_all
        self._dry_run = dry_run
        self._standing = standing
        self._now = clock.now()
        self._taken_in: dict[tuple[str, Inputs], bytes] = {}
        self._diffs = Diffs(host)
        self.held: set[ResourceId] = set()
        """The resources that `noop` of more than one, or the window, kept from a change in this pass."""

    def work(
        self,
        resource: PlannedResource,
        context: Context,
        *,
        before_change: Callable[[], None],
        changes_ahead: int,
        retry: Retry | None = None,
    ) -> ResourceResult:
        """Return how the resource ended; no error leaves this, so that the others are still worked on.

        `before_change` is called right before the first operation is carried out. `changes_ahead` counts what changed
        earlier in this pass: in a dry run that did not happen, so what fails here may well succeed after it.
        """
        if self._is_seen(resource, context):
            return ResourceResult(id=resource.id, type=resource.type, outcome="unchanged")
        started = self._clock.monotonic()
        deadline = Deadline(resource.timeout_seconds, self._clock)

        def make() -> Attempt:
            return self._attempt(resource, context, deadline, before_change, changes_ahead=changes_ahead)

        def held() -> str:
            found = self._holds.held(resource.configcrate)
            return "" if found is None else found.reason

        attempt = make() if retry is None or self._dry_run else self._retrier.tried(retry, deadline, make, held)
        duration = self._clock.monotonic() - started
        return attempt.result(resource.id, resource.type, duration, dry_run=self._dry_run)

    def _attempt(
        self,
        resource: PlannedResource,
        context: Context,
        deadline: Deadline,
        before_change: Callable[[], None],
        *,
        changes_ahead: int,
    ) -> Attempt:
        attempt = Attempt()
        self.held.discard(resource.id)
        try:
            self._work(resource, context, attempt, before_change, deadline)
        except VigoError as error:
            attempt.end_by(error, self._foreseen(resource, changes_ahead) if attempt.is_declared else "")
        except Exception as error:  # noqa: BLE001 - one faulty kind must not keep the machine from all the others
            _log.exception("internal fault resource=%s type=%s", resource.id, resource.type)
            found = f"{type(error).__name__}: {error}"
            attempt.is_refused = True
            attempt.end("failed", f"internal fault: {found}; the agent's log has the details, please report them")
        return attempt

    def _foreseen(self, resource: PlannedResource, changes_ahead: int) -> str:
        """Return why what fails now may well succeed once all that comes first is changed, or an empty text."""
        if self._dry_run and changes_ahead:
            return "not known in a dry run: earlier changes come first"
        if self.held and self._holds.held(resource.configcrate) is not None:
            return "not known yet: earlier changes come first, and they are held back"
        return ""

    def applies(self, resource: PlannedResource, context: Context) -> bool:
        """Return whether every condition of a resource is true.

        Raises:
            InvalidError: one cannot be evaluated.
        """
        return all(condition_holds(condition, self._templates, context) for condition in resource.conditions)

    def is_ahead(self, resource: PlannedResource, context: Context) -> bool:
        """Return whether a resource would be looked at now, as far as that is known before it is its turn."""
        try:
            return self.applies(resource, context) and not self._is_seen(resource, context)
        except InvalidError:
            return False

    def declared(
        self, resource: PlannedResource, context: Context, values: Mapping[SecretMarker, str] | None = None
    ) -> tuple[Resource[Any, Any], Spec]:
        """Return a resource's kind and its declaration, accepted.

        Without the values of its secrets their names stand for them: they are nothing that a resource owns.

        Raises:
            InvalidError: its kind is not known, or its values do not fit.
        """
        kind = self._kind(resource)
        put_in = self._secrets.names_for_values(resource) if values is None else values
        seen = with_values(context, put_in) if put_in else context
        given = values_of(resource, kind, self._templates, seen)
        spec = spec_of(resource, kind, revealed(given, put_in) if put_in else given)
        kind.validate(spec)
        require_harmless(kind, spec)
        return kind, spec

    def _work(
        self,
        resource: PlannedResource,
        context: Context,
        attempt: Attempt,
        before_change: Callable[[], None],
        deadline: Deadline,
    ) -> None:
        for condition in resource.conditions:
            if not condition_holds(condition, self._templates, context):
                attempt.end("skipped", CONDITION_IS_FALSE + condition.expression)
                return
        values = self._secrets.of(resource)
        attempt.secrets = tuple(marker.name for marker in values)
        kind, spec = self.declared(resource, context, values)
        attempt.is_declared = True
        with self._one_look() as look:
            self._look(resource, kind, spec)
            ops, blocked = self._planned(kind, spec)
        attempt.is_refused = True
        for op in ops:
            self._guardrail.check(op)
        attempt.is_refused = False
        attempt.ops, attempt.diff = self._as_told(ops, attempt.secrets)
        if self._is_held(resource, attempt):
            return
        if not ops:
            self._keeper.without_change(resource, kind, spec)
            if blocked is None:
                self._note(resource, context, None if look is None else look.marks())
        else:
            if not self._dry_run and attempt.would_change:
                before_change()
            attempt.reason = self._keeper.before_change(resource, kind, spec, ops)
            if not self._dry_run:
                self._change(resource, kind, spec, attempt, deadline)
        if blocked is not None:
            raise blocked
        attempt.outcome = "changed" if attempt.would_change else "unchanged"

    def _as_told(self, ops: tuple[Op, ...], secrets: tuple[str, ...]) -> tuple[tuple[Op, ...], str]:
        """Return the operations, and their diff: of those that are made of a secret nothing is told."""
        if not secrets or not ops:
            return ops, self._diffs.of(ops)
        concealed = tuple(msgspec.structs.replace(op, conceals=True) for op in ops)
        return concealed, f"(not shown: it is made of the secret {', '.join(secrets)})\n"

    def _is_held(self, resource: PlannedResource, attempt: Attempt) -> bool:
        """Return whether it may not do what it would, and say so. What only checks is held where it is no use."""
        if not attempt.ops:
            return False
        fields = [field for op in attempt.ops for field in op.changes]
        # A check alone changes nothing, so a window does not keep it from looking.
        is_change = attempt.would_change or self.held or self._holds.noop(resource.configcrate) is not None
        held = self._holds.held(resource.configcrate, fields) if is_change else None
        if held is not None:
            self.held.add(resource.id)
            attempt.is_refused = True
            attempt.end(held.outcome, held.reason)
        elif resource.noop:
            named = ", ".join(dict.fromkeys(fields))
            attempt.end("skipped", f"it is `noop: true`; otherwise it would change {named}")
        return held is not None or resource.noop

    def _change(
        self,
        resource: PlannedResource,
        kind: Resource[Any, Any],
        spec: Spec,
        attempt: Attempt,
        deadline: Deadline,
    ) -> None:
        try:
            attempt.carry_out(self._execute, deadline)
        except Exception:
            # What was done until then is its work too; after a kill the record stays open instead.
            self._look(resource, kind, spec)
            self._keeper.after_change(resource)
            raise
        self._look(resource, kind, spec)
        try:
            # What only looked changed nothing; what it found out is for the next pass, as a dry run said.
            if attempt.would_change:
                self._confirm(kind, spec)
        except Exception:
            # Somebody may have changed it right after the work: then that is what was looked at.
            if self._standing is not None:
                self._standing.distrust(resource.id)
            raise
        finally:
            self._keeper.after_change(resource)

    def _look(self, resource: PlannedResource, kind: Resource[Any, Any], spec: Spec) -> None:
        """Note how its paths are, before it is looked at: what changes them meanwhile is then told of later."""
        if self._standing is not None:
            self._standing.look(resource.id, kind.watches(spec), self._host)

    def _is_seen(self, resource: PlannedResource, context: Context) -> bool:
        """Return whether a resource was found in its state before and nothing that this was told by has changed."""
        known = None if self._looks_at_all else self._sightings.of(resource.id, self._now)
        if (
            known is None
            or self._taken(resource, known.inputs, context) != known.inputs.taken
            or self._has_moved(known.marks)
        ):
            return False
        try:
            if not self.applies(resource, context):
                return False
        except InvalidError:
            return False
        watched = self._sightings.watched(resource.id)
        if self._standing is not None and watched is not None:
            self._standing.watched[resource.id] = watched
        return self._standing is None or watched is not None

    def _taken(self, resource: PlannedResource, inputs: Inputs, context: Context) -> bytes:
        """Return what stands for names; without values of its own a resource sees what all of its configcrate see."""
        if resource.locals or not inputs.names:
            return taken(inputs.names, context)
        key = (resource.configcrate, inputs)
        if key not in self._taken_in:
            self._taken_in[key] = taken(inputs.names, context)
        return self._taken_in[key]

    def _note(self, resource: PlannedResource, context: Context, marks: Marks | None) -> None:
        """Note that a resource is in its state; one whose work may have to be undone is looked at each time."""
        if self._dry_run or resource.on_remove == "revert":
            return
        watched = None if self._standing is None else self._standing.watched[resource.id]
        self._sightings.note(resource, marks, self._templates, context, self._now, watched)

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

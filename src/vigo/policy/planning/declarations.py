"""A resource of one plan, and how a machine with known traits would see it.

What is certain is told; what only the machine itself can tell, or traits that are not stored, stays open.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, Literal

import msgspec

from vigo.catalog.api import Resource, Revertible
from vigo.core.encoding import encode
from vigo.core.errors import VigoError
from vigo.core.plan import Plan, PlannedResource
from vigo.core.templates import Templates, is_template
from vigo.core.traits import Traits
from vigo.core.typed_templates import ANYTHING, rendered
from vigo.policy.fields import Field, bound_problem, fields_of
from vigo.policy.planning.inputs import InputBook, Inputs, exact, together
from vigo.policy.planning.privacy import cited
from vigo.policy.trial_predicates import UnknownHereError
from vigo.policy.trials import default_of

Presence = Literal["there", "maybe", "unknown", "skipped"]
"""Whether a resource applies: yes; where the machine says so; once the machine's traits are known; no."""

Openness = Literal["machine", "traits", "failing"]
"""Why a field has no value here: only the machine tells it, its traits are not stored, or rendering it fails."""

_NO_TRAITS: Final = "no traits of it are stored"


class Open(msgspec.Struct, frozen=True):
    """A field's template, where its value is not known here. `used` are the variables and items that it takes in."""

    source: Any
    used: Mapping[str, Any]
    why: Openness
    reason: str


class Undecided(msgspec.Struct, frozen=True):
    """A condition that nobody can decide here. `used` are the variables and items that it takes in."""

    expression: str
    used: Mapping[str, Any]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A resource as one machine would see it. `values` are the fields that have one, defaults too.

    `reason` says why it is not simply there, `problem` why its conditions would fail.
    """

    presence: Presence
    reason: str = ""
    problem: str = ""
    undecided: tuple[Undecided, ...] = ()
    values: Mapping[str, Any] = {}
    open: Mapping[str, Open] = {}


class Declaration:
    """A resource of one plan, with the variables of its configcrate. Two with equal keys are the same everywhere."""

    def __init__(
        self,
        planned: PlannedResource,
        plan: Plan,
        kind: Resource[Any, Any],
        book: InputBook,
    ) -> None:
        self.planned = planned
        self.kind = kind
        self._scope = plan.scopes.get(planned.configcrate, {})
        self._book = book
        self._retry = plan.retry(planned.id)
        # What stands for a secret in a plan in words need not look like one.
        self._is_secret = bool(plan.secrets_of(planned.id))

    @property
    def is_fixed(self) -> bool:
        """Whether every machine sees the same."""
        return not self.planned.templates and not self.planned.conditions

    @cached_property
    def inputs(self) -> Inputs:
        """What its conditions and templates take in."""
        conditions = (self._book.of_condition(one.expression) for one in self.planned.conditions)
        return together((*conditions, self._book.of_source(self.planned.templates)))

    @cached_property
    def key(self) -> bytes:
        """What it is, less its place, its dependencies, and whatever it does not take in."""
        one = self.planned
        taken = () if self.is_fixed else (self.inputs.of_scope(self._scope), one.locals)
        return exact(
            (
                (one.type, sorted(one.fields.items()), one.templates, taken),
                [condition.expression for condition in one.conditions],
                (one.only_when_notified, one.immediately, sorted(one.notify)),
                (one.timeout_seconds, one.on_failure, one.on_remove, one.noop, self._retry),
            )
        )

    @cached_property
    def fixed_things(self) -> tuple[str, ...] | None:
        """What it owns on every machine where it applies, or None where that is up to the machine."""
        owned = self._owned({**self.planned.fields, **self.planned.templates})
        return None if self.planned.templates and (owned is None or any(map(is_template, owned))) else owned or ()

    def things(self, seen: Seen) -> tuple[str, ...]:
        """Return what it owns, as `path:/etc/hosts`, on a machine that sees it so; nothing where that is open."""
        if self.fixed_things is not None:
            return self.fixed_things
        return self._owned({name: seen.values[name] for name in self.declared if name in seen.values}) or ()

    def things_if_there(self, traits: Traits | None, templates: Templates) -> tuple[str, ...]:
        """Return what it owns on a machine with these traits whether or not its conditions hold."""
        if self.fixed_things is not None:
            return self.fixed_things
        values, open_ = self._values(traits, templates)
        return self.things(Seen(presence="there", values=values, open=open_))

    @cached_property
    def declared(self) -> tuple[str, ...]:
        """The fields that the stacks set."""
        return (*self.planned.fields, *self.planned.templates)

    @cached_property
    def options(self) -> Mapping[str, Any]:
        """The options that are not as usual and no machine has a say in, dependencies left out."""
        one = self.planned
        given = {
            "immediately": one.immediately or None,
            "notify": sorted(one.notify) or None,
            "timeout": None if one.timeout_seconds is None else f"{one.timeout_seconds:g}s",
            "retries": None if self._retry is None else self._retry.times,
            "retry_delay": None if self._retry is None else f"{self._retry.delay_seconds:g}s",
            "on_failure": None if one.on_failure == "continue" else one.on_failure,
            "on_remove": None if one.on_remove == "leave" else one.on_remove,
            "noop": one.noop or None,
        }
        return {name: value for name, value in given.items() if value is not None}

    def seen_by(self, traits: Traits | None, templates: Templates) -> Seen:
        """Return what a machine with these traits sees, None where none are stored.

        `templates` has the predicates of that machine, such as `trial_predicates` gives.
        """
        if self.is_fixed:
            return self._fixed
        judged = self._judged(traits, templates)
        if judged.presence == "skipped":
            return judged
        values, open_ = self._values(traits, templates)
        return Seen(
            presence=judged.presence,
            reason=judged.reason,
            problem=judged.problem,
            undecided=judged.undecided,
            values=values,
            open=open_,
        )

    @property
    def is_undone_when_gone(self) -> bool:
        """Whether an agent that applied it takes back what it changed, once it is no longer in the plan."""
        return self.planned.on_remove == "revert" and not self.planned.noop and isinstance(self.kind, Revertible)

    def cannot_undo(self, seen: Seen) -> str:
        """Return what of its work the agent does not take back, as a sentence; empty where it is all."""
        try:
            return self.kind.cannot_undo(self._spec({name: seen.values[name] for name in self.declared}))
        except (KeyError, msgspec.ValidationError):
            return ""

    def problem(self, seen: Seen) -> str:
        """Return why a run of it would fail on a machine that sees it so, or an empty text."""
        failing = next((f"{name}: {one.reason}" for name, one in seen.open.items() if one.why == "failing"), "")
        if seen.problem or failing or seen.open or self.is_fixed or self._is_secret:
            return seen.problem or failing
        try:
            fields = {name: seen.values[name] for name in self.declared}
            self.kind.validate(self._spec(fields))
        except (msgspec.ValidationError, VigoError) as error:
            return str(error)
        return ""

    @cached_property
    def _fixed(self) -> Seen:
        return Seen(presence="there", values=self._constants)

    @cached_property
    def _constants(self) -> Mapping[str, Any]:
        """The fields that no machine has a say in, and the defaults of the others."""
        known = fields_of(self.kind)
        given = self.planned.fields
        found = {name: _plain(default_of(self.kind, name), field) for name, field in known.items() if name not in given}
        return found | {name: _plain(value, known.get(name)) for name, value in given.items()}

    @cached_property
    def _templated(self) -> tuple["_Templated", ...]:
        known = fields_of(self.kind)
        found = ((name, source, self._book.of_source(source)) for name, source in self.planned.templates.items())
        return tuple(
            _Templated(
                name, source, None if self._is_secret else known.get(name), bool(inputs.traits), self._used(inputs)
            )
            for name, source, inputs in found
        )

    def _context(self, traits: Traits | None) -> Mapping[str, Any]:
        return {"vars": self._scope, "traits": traits or {}, **self.planned.locals}

    def _values(self, traits: Traits | None, templates: Templates) -> tuple[dict[str, Any], dict[str, Open]]:
        """Return the fields that have a value and those that stay open."""
        context, values, open_ = self._context(traits), dict(self._constants), dict[str, Open]()
        for one in self._templated:
            found = one.value(traits, templates, context)
            if isinstance(found, Open):
                values.pop(one.name, None)
                open_[one.name] = found
            else:
                values[one.name] = found
        return values, open_

    def _judged(self, traits: Traits | None, templates: Templates) -> Seen:
        """Return whether the conditions hold, without any field."""
        context = self._context(traits)
        presence: Presence = "there"
        reason = problem = ""
        undecided: list[Undecided] = []
        for condition in self.planned.conditions:
            inputs = self._book.of_condition(condition.expression)
            told = f"its condition `{condition.expression}`"
            found: Presence = "unknown"
            why = f"{told} needs traits, and {_NO_TRAITS}"
            if traits is not None or not inputs.traits:
                try:
                    if not templates.holds(condition.expression, context):
                        return Seen(presence="skipped", reason=f"{told} is false")
                    continue
                except UnknownHereError:
                    found, why = "maybe", f"only the machine can tell {told}"
                except VigoError as error:
                    why = f"{told} cannot be evaluated with the stored traits: {error}"
                    if not getattr(error, "undefined", False):
                        found, problem = "there", problem or why
            undecided.append(Undecided(condition.expression, self._used(inputs)))
            if presence == "there" or found == "unknown" != presence:
                presence, reason = found, why
        return Seen(presence=presence, reason=reason, problem=problem, undecided=tuple(undecided))

    def _used(self, inputs: Inputs) -> Mapping[str, Any]:
        return {
            **{f"vars.{name}": value for name, value in inputs.of_scope(self._scope).items()},
            **self.planned.locals,
        }

    def _spec(self, fields: Mapping[str, Any]) -> Any:
        return msgspec.convert(fields, self.kind.spec, strict=False)

    def _owned(self, fields: Mapping[str, Any]) -> tuple[str, ...] | None:
        try:
            return self.kind.owns(self._spec(fields))
        except (msgspec.ValidationError, VigoError):
            return None


class _Templated(msgspec.Struct, frozen=True):
    """A field that a machine renders."""

    name: str
    source: Any
    field: Field | None
    needs_traits: bool
    used: Mapping[str, Any]

    def value(self, traits: Traits | None, templates: Templates, context: Mapping[str, Any]) -> Any:
        """Return the value in its plain form, or why it stays open."""
        if traits is None and self.needs_traits:
            return Open(self.source, self.used, "traits", _NO_TRAITS)
        try:
            value = rendered(self.source, self.field.type if self.field else ANYTHING, templates, context)
        except UnknownHereError:
            return Open(self.source, self.used, "machine", "only the machine can tell")
        except VigoError as error:
            why: Openness = "traits" if getattr(error, "undefined", False) else "failing"
            return Open(self.source, self.used, why, str(error))
        try:
            plain = _converted(value, self.field)
            if type(plain) is not str:
                encode(plain)
        except OverflowError:
            return Open(self.source, self.used, "failing", "expected a number of at most 64 bits, found a larger one")
        except msgspec.ValidationError:
            problem = "" if self.field is None else bound_problem(value, self.field)
            return Open(self.source, self.used, "failing", f"{problem}, found {cited(self.name, value)}")
        return plain


def same(one: Any, other: Any) -> bool:
    """Return whether two values of a field mean the same; maps have no order."""
    if one is other or (type(one) is str and type(other) is str):
        return bool(one == other)
    return encode(one) == encode(other)


def _plain(value: Any, field: Field | None) -> Any:
    """Return a value such that two that mean the same are equal."""
    try:
        return _converted(value, field)
    except msgspec.ValidationError:
        return msgspec.to_builtins(value)


def _converted(value: Any, field: Field | None) -> Any:
    fitting = value if field is None else msgspec.convert(value, field.hint, strict=False)
    return fitting if type(fitting) is str else msgspec.to_builtins(fitting)

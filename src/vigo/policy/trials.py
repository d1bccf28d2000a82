"""What the policy gives to a machine that is made up: its resources as the machine would see them; pure."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import msgspec
from msgspec import inspect

from vigo.catalog.api import Resource, Spec
from vigo.core.errors import VigoError
from vigo.core.plan import Plan, PlannedResource
from vigo.core.templates import Templates
from vigo.core.traits import Traits
from vigo.core.typed_templates import ANYTHING, rendered
from vigo.policy.compiling import CompiledPolicy
from vigo.policy.documents.facts import Facts
from vigo.policy.fields import bound_problem, fields_of
from vigo.policy.trial_predicates import UnknownHereError, trial_predicates
from vigo.policy.variables import merged_maps

Kinds = Mapping[str, Resource[Any, Any]]
Outcome = Literal["managed", "skipped", "unknown", "failed"]
"""Managed, or skipped by a condition; unknown where only a machine can tell; failed where a run of it would fail."""


class Machine(msgspec.Struct, frozen=True):
    """A machine that is made up."""

    hostname: str
    traits: Traits = {}
    facts: Facts = Facts()


class TriedResource(msgspec.Struct, frozen=True):
    """A resource as a machine would see it. `fields` are those that the stacks set, in the types of the kind.

    `unknown` and `failed` say, by field, why one has no value; `reason` says why the whole is not simply managed.
    """

    planned: PlannedResource
    outcome: Outcome
    reason: str = ""
    fields: Mapping[str, Any] = {}
    unknown: Mapping[str, str] = {}
    failed: Mapping[str, str] = {}

    @property
    def problems(self) -> tuple[str, ...]:
        """What a run of it would fail with."""
        whole = (self.reason,) if self.outcome == "failed" and self.reason else ()
        return (*whole, *(f"{name}: {reason}" for name, reason in self.failed.items()))


class Trial(msgspec.Struct, frozen=True):
    """What a machine gets. The plan is None where no entry covers its hostname; `resources` stand in their order."""

    plan: Plan | None
    resources: Mapping[str, TriedResource]


def try_policy(policy: CompiledPolicy, machine: Machine, kinds: Kinds) -> Trial:
    """Return what the policy gives to a machine. Its name stands in the traits `network` unless they have another."""
    entry = policy.match(machine.hostname)
    if entry is None:
        return Trial(None, {})
    plan = policy.plan(entry).in_words()
    names = {"network": {"hostname": machine.hostname, "fqdn": machine.hostname}}
    traits: Traits = merged_maps(names, machine.traits)
    templates = Templates(trial_predicates(traits, machine.facts))
    tried = (_tried(plan, one, kinds[one.type], templates, traits) for one in plan.resources)
    return Trial(plan, {str(one.planned.id): one for one in tried})


def default_of(kind: Resource[Any, Any], field: str) -> Any:
    """Return the value that a field has where the stacks set none; None for a field that has none."""
    return _defaults(kind.spec).get(field)


def _tried(
    plan: Plan, resource: PlannedResource, kind: Resource[Any, Any], templates: Templates, traits: Traits
) -> TriedResource:
    context = {"vars": plan.scopes.get(resource.configcrate, {}), "traits": traits, **resource.locals}
    outcome, reason = _judged(resource, templates, context)
    if outcome in ("skipped", "failed"):
        return TriedResource(resource, outcome, reason, dict(resource.fields))
    fields, unknown, failed = dict(resource.fields), dict[str, str](), dict[str, str]()
    # What stands for a secret here need not look like one.
    is_secret = bool(plan.secrets_of(resource.id))
    known = fields_of(kind)
    for name, source in resource.templates.items():
        field = known.get(name)
        try:
            fields[name] = rendered(source, field.type if field else ANYTHING, templates, context)
        except UnknownHereError as error:
            unknown[name] = str(error)
        except VigoError as error:
            failed[name] = str(error)
        else:
            problem = bound_problem(fields[name], field) if field and not is_secret else ""
            if problem:
                failed[name] = f"{problem}, found {fields.pop(name)!r:.200}"
    if outcome == "managed" and not unknown and not failed and not is_secret:
        outcome, reason = _validated(kind, fields)
    if outcome == "managed" and failed:
        outcome = "failed"
    return TriedResource(resource, outcome, reason, fields, unknown, failed)


def _judged(resource: PlannedResource, templates: Templates, context: Mapping[str, Any]) -> tuple[Outcome, str]:
    """Return whether the conditions hold, in the order in which an agent looks at them."""
    for condition in resource.conditions:
        told = f"`{condition.expression}` ({condition.origin})"
        try:
            if not templates.holds(condition.expression, context):
                return "skipped", f"its condition {told} is false"
        except UnknownHereError as error:
            return "unknown", f"its condition {told} needs a machine to tell {error}"
        except VigoError as error:
            return "failed", f"its condition {told} cannot be evaluated: {error}"
    return "managed", ""


def _validated(kind: Resource[Any, Any], fields: Mapping[str, Any]) -> tuple[Outcome, str]:
    try:
        kind.validate(msgspec.convert(dict(fields), kind.spec, strict=False))
    except msgspec.ValidationError as error:
        return "failed", str(error)
    except VigoError as error:
        return "failed", str(error)
    return "managed", ""


@cache
def _defaults(spec: type[Spec]) -> Mapping[str, Any]:
    info = inspect.type_info(spec)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    found: dict[str, Any] = {}
    for field in fields:
        if field.default is not msgspec.NODEFAULT:
            found[field.encode_name] = field.default
        elif field.default_factory is not msgspec.NODEFAULT:
            found[field.encode_name] = field.default_factory()
    return found

"""The plan for a fleet: what publishing one policy in place of another changes, and for whom."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, Protocol

import msgspec

from vigo.core.ids import EnvoyId
from vigo.core.plan import Plan
from vigo.core.templates import Templates
from vigo.core.traits import Traits
from vigo.policy.documents.facts import Facts
from vigo.policy.planning.answer import FleetPlan
from vigo.policy.planning.grouping import FoundEnvoys
from vigo.policy.planning.inputs import InputBook
from vigo.policy.planning.pairs import Kinds, Pair, Seer
from vigo.policy.planning.telling import IN_SHORT, Bounds, fleet_plan
from vigo.policy.planning.variants import Variants
from vigo.policy.trial_predicates import trial_predicates

_AT_ONCE: Final = 200


class Policy(Protocol):
    """What the compiler makes of stacks."""

    def match(self, hostname: str) -> Any | None:
        """Return the first entry that covers a hostname, the same object each time, or None."""
        ...

    def plan(self, entry: Any) -> Plan:
        """Return an entry's plan."""
        ...


class FleetMachine(msgspec.Struct, frozen=True):
    """An envoy by its identity and its hostname, as the policy matches it."""

    id: EnvoyId
    hostname: str


ReadTraits = Callable[[Sequence[EnvoyId]], Mapping[EnvoyId, Traits]]
"""Returns the stored traits of some envoys; those of which none are stored are left out."""


def plan_fleet(
    before: Policy | None,
    after: Policy,
    machines: Iterable[FleetMachine],
    read_traits: ReadTraits,
    kinds: Kinds,
    *,
    environment: str | None = None,
    bounds: Bounds = IN_SHORT,
) -> FleetPlan:
    """Return what changes for some machines when one policy takes the place of another, or the place of none.

    Plans are compared once for all machines that have the same two. Traits are read, a few machines at a time, where
    something is up to them. With an environment only the machines count that are in it before or after.
    """
    book, variants, eyes, envoys = InputBook(), Variants(), _Eyes(), FoundEnvoys()
    for old, new, members in _by_plans(before, after, machines, environment):
        pair = None if old is None and new is None else Pair(old, new, kinds, book)
        if pair is None:
            for machine in members:
                envoys.add(machine.hostname, None, ())
            continue
        for machine, traits in _with_traits(members, read_traits, is_needed=pair.needs_traits):
            changes = pair.changes(eyes.of(traits))
            envoys.add(machine.hostname, pair, tuple(variants.of(change, machine.hostname) for change in changes))
    variants.close()
    return fleet_plan(envoys.alike(), bounds)


class _Eyes:
    """One set of predicates for all machines, which look at the traits of the present one."""

    def __init__(self) -> None:
        self._present: Traits = {}
        self._templates = Templates(trial_predicates(self._present, Facts()))

    def of(self, traits: Traits | None) -> Seer:
        self._present.clear()
        self._present.update(traits or {})
        return Seer(traits, self._templates)


def _by_plans(
    before: Policy | None, after: Policy, machines: Iterable[FleetMachine], environment: str | None
) -> Iterator[tuple[Plan | None, Plan | None, list[FleetMachine]]]:
    """Yield the plans before and after, each two once, with the machines that have them.

    Plans are made as they are needed: those of all entries together may be more than the memory holds.
    """
    found: dict[tuple[int, int], tuple[Any | None, Any | None, list[FleetMachine]]] = {}
    for machine in machines:
        old = None if before is None else before.match(machine.hostname)
        new = after.match(machine.hostname)
        # A policy keeps its entries, so their identity is theirs.
        found.setdefault((id(old), id(new)), (old, new, []))[2].append(machine)
    for old, new, members in found.values():
        plan = None if before is None or old is None else before.plan(old)
        other = None if new is None else after.plan(new)
        environments = {one.environment for one in (plan, other) if one is not None}
        if environment is None or environment in environments:
            yield plan, other, members


def _with_traits(
    members: Sequence[FleetMachine], read_traits: ReadTraits, *, is_needed: bool
) -> Iterator[tuple[FleetMachine, Traits | None]]:
    if not is_needed:
        yield from ((one, None) for one in members)
        return
    rest = iter(members)
    while some := list(islice(rest, _AT_ONCE)):
        traits = read_traits([one.id for one in some])
        yield from ((one, traits.get(one.id)) for one in some)

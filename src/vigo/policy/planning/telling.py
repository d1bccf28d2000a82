"""From what was found for each envoy to the answer: counted, removals first, and within bounds."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec

from vigo.policy.planning.answer import (
    Action,
    ActionCount,
    ChangeGroup,
    EntryChange,
    EnvironmentChange,
    EnvoyCounts,
    FleetPlan,
    ResourceChange,
    ResourceCount,
    RolesChange,
    SettingChange,
)
from vigo.policy.planning.grouping import Alike, Shared, shared
from vigo.policy.planning.shown import Display, Limits
from vigo.policy.planning.variants import Variant

T = TypeVar("T")

_ORDER: Final[tuple[Action, ...]] = ("removed", "moved", "changed", "added")
_MOST_ENTRIES: Final = 20


class Bounds(msgspec.Struct, frozen=True):
    """How much an answer holds at most; what it leaves out is counted."""

    hosts: int
    groups: int
    resources: int
    limits: Limits


IN_SHORT: Final = Bounds(hosts=20, groups=100, resources=200, limits=Limits(diff_lines=40, characters=2_000_000))
IN_FULL: Final = Bounds(
    hosts=100_000, groups=10_000, resources=20_000, limits=Limits(diff_lines=1_000, characters=20_000_000)
)


def fleet_plan(envoys: Sequence[Alike], bounds: Bounds) -> FleetPlan:
    """Return the answer about some envoys."""
    changing = [one for one in envoys if one.is_changing]
    still = [one for one in envoys if not one.is_changing]
    groups, counts, display = shared(changing), list(_resource_counts(changing)), Display(bounds.limits)
    waiting = [one for one in changing if any(variant.change.waits_for_traits for variant in one.variants)]
    unknown = sorted(host for one in waiting for host in one.hosts)
    return FleetPlan(
        changes=bool(changing),
        envoys=EnvoyCounts(
            total=_count(envoys),
            changing=_count(changing),
            gained=_count(one for one in changing if one.coverage == "gained"),
            lost=_count(one for one in changing if one.coverage == "lost"),
            unknown=len(unknown),
            order_only=_count(one for one in still if one.order_differs),
            uncovered=_count(one for one in still if one.coverage is None),
        ),
        removed=_action_count(changing, "removed"),
        moved=_action_count(changing, "moved"),
        changed=_action_count(changing, "changed"),
        added=_action_count(changing, "added"),
        resources=tuple(counts[: bounds.resources]),
        resources_left_out=max(0, len(counts) - bounds.resources),
        groups=tuple(_told(one, bounds, display) for one in groups[: bounds.groups]),
        groups_left_out=max(0, len(groups) - bounds.groups),
        unknown_hosts=tuple(unknown[: bounds.hosts]),
    )


def _told(group: Shared, bounds: Bounds, display: Display) -> ChangeGroup:
    variants = sorted(group.variants, key=lambda one: _ORDER.index(one.change.action))
    return ChangeGroup(
        envoys=len(group.hosts),
        hosts=tuple(group.hosts[: bounds.hosts]),
        coverage=group.coverage,
        entries=group.entries[:_MOST_ENTRIES],
        entry=_first(EntryChange, group),
        environment=_first(EnvironmentChange, group),
        roles=_first(RolesChange, group),
        resources=tuple(_told_change(one, display) for one in variants[: bounds.resources]),
        resources_left_out=max(0, len(variants) - bounds.resources),
        settings=tuple(one for one in group.items if isinstance(one, SettingChange)),
    )


def _first(kind: type[T], group: Shared) -> T | None:
    """Return the only item of a kind: two of one kind are never had by the same envoys."""
    return next((one for one in group.items if isinstance(one, kind)), None)


def _told_change(variant: Variant, display: Display) -> ResourceChange:
    change = variant.change
    return ResourceChange(
        action=change.action,
        id=change.id,
        type=change.planned.type,
        origin=str(change.planned.origin),
        manages=change.things,
        certainty=change.certainty,
        reason=change.reason,
        problem=change.problem,
        fate=change.fate,
        taken_over_by=change.taken_over_by,
        moved_from=change.moved_from,
        unmanaged=change.unmanaged,
        differs_by_envoy=variant.differs_by_envoy,
        shown_for=variant.host if variant.differs_by_envoy else None,
        fields=display.fields(change),
    )


def _resource_counts(envoys: Iterable[Alike]) -> Iterator[ResourceCount]:
    counts: dict[tuple[Any, ...], int] = {}
    for some in envoys:
        for one in some.variants:
            change = one.change
            key = (change.action, change.id, change.planned.type, change.fate, change.certainty)
            counts[key] = counts.get(key, 0) + len(some.hosts)
    for key in sorted(counts, key=lambda key: (_ORDER.index(key[0]), -counts[key], key[1], str(key))):
        action, id_, type_, fate, certainty = key
        yield ResourceCount(action=action, id=id_, type=type_, fate=fate, certainty=certainty, envoys=counts[key])


def _action_count(envoys: Sequence[Alike], action: Action) -> ActionCount:
    having = [some for some in envoys if any(one.change.action == action for one in some.variants)]
    ids = {one.change.id for some in having for one in some.variants if one.change.action == action}
    return ActionCount(resources=len(ids), envoys=_count(having))


def _count(envoys: Iterable[Alike]) -> int:
    return sum(len(one.hosts) for one in envoys)

"""The envoys of a plan by what changes for them: those for which all is the same, and what the same ones share."""

from collections.abc import Iterable
from typing import Any

from vigo.core.plan import Plan
from vigo.policy.planning.answer import Coverage, EntryChange, EntryPlace, EnvironmentChange, RolesChange, SettingChange
from vigo.policy.planning.pairs import Pair
from vigo.policy.planning.settings import setting_changes
from vigo.policy.planning.variants import Variant

Assigned = EntryChange | EnvironmentChange | RolesChange | SettingChange
Item = Variant | Assigned


class Alike:
    """Envoys for which everything is the same. Without a coverage no entry covers them, before and after."""

    def __init__(
        self, coverage: Coverage | None, assigned: tuple[Assigned, ...], variants: tuple[Variant, ...]
    ) -> None:
        self.coverage = coverage
        self.assigned = assigned
        self.variants = variants
        self.order_differs = False
        self.hosts: list[str] = []
        self.entries: dict[EntryPlace, None] = {}

    @property
    def is_changing(self) -> bool:
        """Whether anything changes for them; that another entry covers them is nothing by itself."""
        reassigned = any(not isinstance(one, EntryChange) for one in self.assigned)
        return bool(self.variants) or reassigned or self.coverage in ("gained", "lost")


class Shared:
    """What changes for the same envoys."""

    def __init__(self, coverage: Coverage, envoys: Iterable[Alike]) -> None:
        self.coverage = coverage
        self.items: list[Item] = []
        some = list(envoys)
        self.hosts = sorted(host for one in some for host in one.hosts)
        self.entries = tuple(dict.fromkeys(entry for one in some for entry in one.entries))

    @property
    def variants(self) -> list[Variant]:
        """The changes of resources among it."""
        return [one for one in self.items if isinstance(one, Variant)]

    @property
    def rank(self) -> tuple[Any, ...]:
        """What comes first: what is lost, what is removed, what many have."""
        removes = any(one.change.action == "removed" for one in self.variants)
        return (self.coverage != "lost", not removes, -len(self.hosts), self.hosts[:1])


class FoundEnvoys:
    """The envoys that were looked at so far."""

    def __init__(self) -> None:
        self._alike: dict[tuple[Any, ...], Alike] = {}

    def add(self, host: str, pair: Pair | None, variants: tuple[Variant, ...]) -> None:
        """Take an envoy in, with the plans that it has; without them where no entry covers it."""
        for one in variants:
            one.envoys += 1
        coverage = None if pair is None else _coverage(pair)
        assigned = () if pair is None else _assigned(pair)
        order_differs = pair is not None and pair.order_differs
        key = (coverage, assigned, order_differs, tuple(map(id, variants)))
        found = self._alike.get(key)
        if found is None:
            found = self._alike[key] = Alike(coverage, assigned, variants)
            found.order_differs = order_differs
        found.hosts.append(host)
        plan = None if pair is None else pair.after or pair.before
        if plan is not None:
            found.entries[_place(plan)] = None

    def alike(self) -> list[Alike]:
        """Return them, those as one whose resources differ in values alone that are not told apart."""
        merged: dict[tuple[Any, ...], Alike] = {}
        for key, one in self._alike.items():
            told = tuple(variant.told for variant in one.variants)
            kept = merged.setdefault((*key[:-1], tuple(map(id, told))), one)
            kept.variants = told
            if kept is not one:
                kept.hosts += one.hosts
                kept.entries |= one.entries
        return list(merged.values())


def shared(envoys: list[Alike]) -> list[Shared]:
    """Return what changes, what the same envoys have as one, in the order in which it is told."""
    # Sets of envoys as the bits of a number: there may be thousands of both.
    having: dict[tuple[Coverage, Any], int] = {}
    items: dict[tuple[Coverage, Any], Item | None] = {}
    for number, one in enumerate(envoys):
        found: tuple[Item | None, ...] = (*one.assigned, *one.variants)
        # An entry that is gained or lost is told even where it brings nothing.
        for item in found if one.coverage == "kept" else (None, *found):
            key = (one.coverage or "kept", id(item) if isinstance(item, Variant) else item)
            having[key] = having.get(key, 0) | 1 << number
            items[key] = item
    groups: dict[tuple[Coverage, int], Shared] = {}
    for (coverage, name), bits in having.items():
        item = items[coverage, name]
        if (coverage, bits) not in groups:
            some = (one for number, one in enumerate(envoys) if bits >> number & 1)
            groups[coverage, bits] = Shared(coverage, some)
        groups[coverage, bits].items += [] if item is None else [item]
    return sorted(groups.values(), key=lambda one: one.rank)


def _coverage(pair: Pair) -> Coverage:
    return "gained" if pair.before is None else "lost" if pair.after is None else "kept"


def _assigned(pair: Pair) -> tuple[Assigned, ...]:
    before, after = pair.before, pair.after
    if before is None or after is None:
        return ()
    found: list[Assigned] = []
    if not set(before.match) & set(after.match):
        found.append(EntryChange(before=_place(before), after=_place(after)))
    if before.environment != after.environment:
        found.append(EnvironmentChange(before=before.environment, after=after.environment))
    if before.roles != after.roles:
        found.append(RolesChange(before=before.roles, after=after.roles))
    return (*found, *setting_changes(before, after))


def _place(plan: Plan) -> EntryPlace:
    return EntryPlace(place=f"{plan.entry.file}:{plan.entry.line}", match=plan.match)

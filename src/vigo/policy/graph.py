"""The order of an entry's resources: references resolved, cycles refused, otherwise as declared."""

import heapq
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from vigo.core.ids import ResourceId
from vigo.core.nearest import nearest_name
from vigo.core.plan import Origin
from vigo.policy.compilation import Compilation
from vigo.policy.declarations import Crate
from vigo.policy.resources import Reference, Stamped

_MOST_STEPS_SHOWN: Final = 12


class Edge(msgspec.Struct, frozen=True):
    """One resource comes before another, and why: the words and the place of the declaration that says so."""

    first: ResourceId
    then: ResourceId
    reason: str
    origin: Origin


class Graph:
    """The relations between the resources of one entry.

    `incomplete` are configcrates with resources that have no name because of an error: references to them may be right.
    """

    def __init__(
        self, compilation: Compilation, entry: Origin, resources: Sequence[Stamped], incomplete: frozenset[str]
    ) -> None:
        self._compilation = compilation
        self._entry = entry
        self._incomplete = incomplete
        self._resources = resources
        self._by_id = {resource.id: resource for resource in resources}
        self._crates = {resource.crate for resource in resources}
        self._edges: dict[ResourceId, list[Edge]] = {}
        self.depends_on: dict[ResourceId, dict[ResourceId, None]] = {}
        """By resource, those that must be done before it."""
        self.notify: dict[ResourceId, dict[ResourceId, None]] = {}
        """By resource, those that it notifies."""

    def add_references(self) -> None:
        """Resolve what resources say of each other; unknown names are recorded as errors."""
        for resource in self._resources:
            for reference in resource.references:
                target = self._target(resource, reference)
                if target is not None:
                    self._relate(resource, target, reference)

    def add_crates(self, crates: Mapping[str, Crate], assigned: Sequence[str]) -> None:
        """Resolve what configcrates say of each other: all of one comes before all of another.

        It is enough that those of the later one that wait for nothing else in it wait for those of the earlier one
        that nothing else in it waits for: a failure skips whatever is behind it.
        """
        there = set(assigned)
        for crate in (crates[name] for name in assigned):
            name = crate.name
            pairs = [(other.text, name, other, "depends_on") for other in crate.source.depends_on]
            pairs += [(name, other.text, other, "before") for other in crate.source.before]
            for earlier, later, written, relation in pairs:
                if written.text in there:
                    reason = f"configcrate {name} {_VERBS[relation]} {written.text}"
                    self._chain(earlier, later, reason, written.origin)
                elif written.text in crates:
                    message = (
                        f"{relation}: the configcrate {written.text!r} is not assigned to this entry, {name!r} is;"
                        " assign both or remove the relation"
                    )
                    self._error(written.origin, "unknown-reference", message)

    def ordered(self) -> list[Stamped] | None:
        """Return the resources in an order that honours every relation, or None with an error for the cycle."""
        index = {resource.id: number for number, resource in enumerate(self._resources)}
        waiting = dict.fromkeys(index, 0)
        for edges in self._edges.values():
            for edge in edges:
                waiting[edge.then] += 1
        ready = [number for id_, number in index.items() if not waiting[id_]]
        heapq.heapify(ready)
        order: list[Stamped] = []
        while ready:
            resource = self._resources[heapq.heappop(ready)]
            order.append(resource)
            for edge in self._edges.get(resource.id, ()):
                waiting[edge.then] -= 1
                if not waiting[edge.then]:
                    heapq.heappush(ready, index[edge.then])
        if len(order) == len(self._resources):
            return order
        self._refuse_cycle({id_ for id_, count in waiting.items() if count})
        return None

    def _target(self, resource: Stamped, reference: Reference) -> Stamped | None:
        local = self._by_id.get(ResourceId(f"{resource.crate}/{reference.name}"))
        target = local or self._by_id.get(ResourceId(reference.name))
        if target is not None:
            return target
        crate, reading = reference.name.partition("/")[0], self._compilation.reading
        is_lost = "/" in reference.name and any(file.startswith("configcrates/") for file in reading.unreadable)
        if is_lost or not self._incomplete.isdisjoint((resource.crate, crate)):
            return None
        mine = [one.name for one in self._resources if one.crate == resource.crate]
        others = [str(one.id) for one in self._resources if one.crate != resource.crate]
        hint = "NAME of this configcrate, or CONFIGCRATE/NAME of another"
        near = nearest_name(reference.name, mine) or nearest_name(reference.name, others)
        message = f"{reference.relation}: no resource has the name {reference.name!r}"
        if near is not None:
            message += f"; did you mean {near!r}?"
        elif "/" in reference.name and crate not in self._crates:
            message += f", and this entry has no configcrate {crate!r}"
            hint = "give the entry that configcrate too, or remove the relation"
        self._error(reference.origin, "unknown-reference", message, hint)
        return None

    def _relate(self, resource: Stamped, target: Stamped, reference: Reference) -> None:
        reason = f"{resource.id} {_VERBS[reference.relation]} {target.id}"
        if reference.relation == "depends_on":
            self._need(target.id, resource.id, reason, reference.origin)
        elif reference.relation == "before":
            self._need(resource.id, target.id, reason, reference.origin)
        elif reference.relation == "notify":
            self._tell(resource, target, reason, reference)
        else:
            self._tell(target, resource, reason, reference)

    def _tell(self, notifier: Stamped, notified: Stamped, reason: str, reference: Reference) -> None:
        self.notify.setdefault(notifier.id, {})[notified.id] = None
        self._add(Edge(notifier.id, notified.id, reason, reference.origin))
        if not notified.is_handler and notified.declaration.is_whole:
            message = (
                f"{reference.relation}: {notified.id} is brought into its state in each pass anyway; this only orders"
            )
            hint = "notify one with `when: changed`, such as a service with `state: restarted`"
            self._compilation.findings.warning(reference.origin, "idle-notification", message, hint=hint)

    def _need(self, first: ResourceId, then: ResourceId, reason: str, origin: Origin) -> None:
        self.depends_on.setdefault(then, {})[first] = None
        self._add(Edge(first, then, reason, origin))

    def _add(self, edge: Edge) -> None:
        self._edges.setdefault(edge.first, []).append(edge)

    def _chain(self, earlier: str, later: str, reason: str, origin: Origin) -> None:
        inner = {
            (first, then)
            for then, firsts in self.depends_on.items()
            for first in firsts
            if self._by_id[first].crate == self._by_id[then].crate
        }
        begun = {then for _, then in inner}
        ended = {first for first, _ in inner}
        last = [one.id for one in self._resources if one.crate == earlier and one.id not in ended]
        first = [one.id for one in self._resources if one.crate == later and one.id not in begun]
        for before in last:
            for then in first:
                self._need(before, then, reason, origin)

    def _refuse_cycle(self, stuck: set[ResourceId]) -> None:
        cycle = self._cycle_among(stuck)
        shown = [f"{edge.reason} ({edge.origin.file}:{edge.origin.line})" for edge in cycle]
        if len(shown) > _MOST_STEPS_SHOWN:
            shown = [*shown[:_MOST_STEPS_SHOWN], f"and {len(shown) - _MOST_STEPS_SHOWN} more steps"]
        message = f"expected an order, found a cycle: {'; '.join(shown)}"
        self._error(cycle[0].origin, "cycle", message, "remove one of these relations")

    def _cycle_among(self, stuck: set[ResourceId]) -> list[Edge]:
        """Return the edges of one cycle: whatever is stuck has one before it that is stuck too, so going back ends."""
        into: dict[ResourceId, Edge] = {}
        for id_ in sorted(stuck):
            for edge in self._edges.get(id_, ()):
                if edge.then in stuck:
                    into.setdefault(edge.then, edge)
        seen: dict[ResourceId, int] = {}
        path: list[Edge] = []
        at = min(stuck)
        while at not in seen:
            seen[at] = len(path)
            path.append(into[at])
            at = into[at].first
        cycle = path[seen[at] :]
        least = min(range(len(cycle)), key=lambda number: (cycle[number].origin.file, cycle[number].origin.line))
        return cycle[least:] + cycle[:least]

    def _error(self, place: Origin, code: str, message: str, hint: str | None = None) -> None:
        self._compilation.findings.error(place, code, message, hint=hint, entry=self._entry)


_VERBS: Final = {
    "depends_on": "depends on",
    "before": "comes before",
    "notify": "notifies",
    "subscribes": "subscribes to",
}

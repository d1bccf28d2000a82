"""The order of an entry's resources: references resolved, cycles refused, otherwise as declared."""

import heapq
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

import msgspec

from vigo.core.ids import ResourceId
from vigo.core.plan import Origin
from vigo.policy.compilation import Compilation
from vigo.policy.declarations import Crate
from vigo.policy.resources import Reference, Stamped

MOST_CRATE_EDGES: Final = 250_000
"""What the relations between configcrates may amount to for one entry; each goes into its bundle."""

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
        self._crate_edges = 0
        self._has_too_many = False
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
        that nothing else in it waits for: a failure skips whatever is behind it. What runs only when it is notified
        has its own time, so that a later configcrate can notify an earlier one.
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
            return None if self._has_too_many else order
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
        if self._compilation.findings.is_full:
            self._error(reference.origin, "unknown-reference", f"no resource has the name {reference.name!r}")
            return None
        mine = [one.name for one in self._resources if one.crate == resource.crate]
        others = [str(one.id) for one in self._resources if one.crate != resource.crate]
        hint = "NAME of this configcrate, or CONFIGCRATE/NAME of another"
        findings = self._compilation.findings
        near = findings.nearest(reference.name, mine) or findings.nearest(reference.name, others)
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
        last, first = self._ends.get(earlier, ([], []))[1], self._ends.get(later, ([], []))[0]
        self._crate_edges += len(last) * len(first)
        if self._crate_edges > MOST_CRATE_EDGES:
            if not self._has_too_many:
                message = (
                    f"expected configcrates that wait for each other to be small, found {len(last)} resources of one"
                )
                message += f" and {len(first)} of the other: each of these would wait for each of those"
                hint = (
                    "name the resources that matter by depends_on, or let all of a configcrate wait for one of its own"
                )
                self._error(origin, "too-large", message, hint)
            self._has_too_many = True
            return
        for before in last:
            for then in first:
                self._need(before, then, reason, origin)

    @cached_property
    def _ends(self) -> dict[str, tuple[list[ResourceId], list[ResourceId]]]:
        """By configcrate, those that wait for nothing else in it, and those that nothing else in it waits for."""
        placed = {one.id: one for one in self._resources if not one.is_handler}
        begun, ended = set[ResourceId](), set[ResourceId]()
        for then, firsts in self.depends_on.items():
            for first in firsts:
                if first in placed and then in placed and placed[first].crate == placed[then].crate:
                    begun.add(then)
                    ended.add(first)
        ends: dict[str, tuple[list[ResourceId], list[ResourceId]]] = {}
        for one in placed.values():
            firsts_of, lasts_of = ends.setdefault(one.crate, ([], []))
            firsts_of += [] if one.id in begun else [one.id]
            lasts_of += [] if one.id in ended else [one.id]
        return ends

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

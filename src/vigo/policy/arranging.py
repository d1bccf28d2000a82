"""Bringing the resources of an entry into their order: once for all entries whose resources are of the same shape."""

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from vigo.core.ids import ResourceId
from vigo.core.plan import Origin, PlannedResource
from vigo.policy.compilation import Compilation
from vigo.policy.declarations import Crate
from vigo.policy.graph import Graph
from vigo.policy.ownership import check_handlers, check_names, check_owners
from vigo.policy.resources import Stamped
from vigo.policy.stamping import StampedCrate


class Arrangement(msgspec.Struct, frozen=True, eq=False):
    """An order of resources, by their numbers among all of an entry, and what they wait for and tell of changes."""

    order: tuple[int, ...]
    depends_on: Mapping[ResourceId, tuple[ResourceId, ...]]
    notify: Mapping[ResourceId, tuple[ResourceId, ...]]

    def planned(self, stamped: Sequence[StampedCrate]) -> tuple[PlannedResource, ...]:
        """Return the resources of an entry, with the values that they have for it, in their order."""
        resources = [one for crate in stamped for one in crate.resources]
        return tuple([self._planned(resources[number]) for number in self.order])

    def _planned(self, resource: Stamped) -> PlannedResource:
        options = resource.declaration.options
        return PlannedResource(
            id=resource.id,
            type=resource.declaration.type,
            origin=resource.origin,
            fields=resource.fields,
            templates=resource.templates,
            locals=resource.locals,
            conditions=resource.conditions,
            only_when_notified=resource.is_handler,
            immediately=options.immediately,
            depends_on=self.depends_on.get(resource.id, ()),
            notify=self.notify.get(resource.id, ()),
            timeout_seconds=options.timeout_seconds,
            on_failure=options.on_failure,
            on_remove=options.on_remove,
            noop=options.noop,
        )


def arranged(
    compilation: Compilation, stamped: Sequence[StampedCrate], everything: "Everything", entry: Origin
) -> Arrangement | None:
    """Return the arrangement of an entry's resources, or None with errors."""
    key = ("arrangement", everything.number, *[one.shape for one in stamped])
    return compilation.kept(key, partial(_arrange, compilation, stamped, everything.crates, entry), entry)


class Everything:
    """All configcrates of the stacks, and the number of what an entry's own do not say about its order.

    A reference to what is not there is an error, unless something else is wrong that may be the reason for it.
    """

    def __init__(self, compilation: Compilation, crates: Mapping[str, Crate]) -> None:
        self.crates = crates
        named = {one.text for crate in crates.values() for one in (*crate.source.depends_on, *crate.source.before)}
        is_lost = any(file.startswith("configcrates/") for file in compilation.reading.unreadable)
        self.number = compilation.cache.number("everything", (sorted(named & crates.keys()), is_lost))


def _arrange(
    compilation: Compilation, stamped: Sequence[StampedCrate], crates: Mapping[str, Crate], entry: Origin
) -> Arrangement | None:
    resources = [one for crate in stamped for one in crate.resources]
    check_names(compilation, entry, resources)
    check_owners(compilation, entry, resources)
    check_handlers(compilation, resources)
    incomplete = frozenset(one.crate.name for one in stamped if not one.knows_all_names)
    graph = Graph(compilation, entry, resources, incomplete)
    graph.add_references()
    graph.add_crates(crates, [one.crate.name for one in stamped])
    numbers = {one.id: number for number, one in enumerate(resources)}
    order = graph.ordered() if len(numbers) == len(resources) else None
    if order is None or incomplete or not all(one.is_whole for one in resources):
        return None
    return Arrangement(
        order=tuple(numbers[one.id] for one in order),
        depends_on={id_: tuple(found) for id_, found in graph.depends_on.items()},
        notify={id_: tuple(found) for id_, found in graph.notify.items()},
    )

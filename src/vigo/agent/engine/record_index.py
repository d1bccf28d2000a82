"""The undo records of one pass, found by resource and by the names of things."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from vigo.agent.engine.undo_records import UndoRecord, UndoThing
from vigo.core.ids import ResourceId


class Place(NamedTuple):
    """Where a thing is kept."""

    id: ResourceId
    name: str


class RecordIndex:
    """The records as they are stored; with many thousands each change must still be quick."""

    def __init__(self, records: Mapping[ResourceId, UndoRecord]) -> None:
        self.records: dict[ResourceId, UndoRecord] = {}
        self.former_bytes = 0
        """The size of all former contents."""
        self._places: dict[str, set[Place]] = {}
        for record in records.values():
            self.put(record)

    def put(self, record: UndoRecord) -> None:
        """Take a record in, in the place of the former one; an empty one goes."""
        former = self.records.pop(record.id, None)
        for name, thing in former.things.items() if former is not None else ():
            self.former_bytes -= thing.former_bytes
            for key in _keys(thing):
                self._places[key].discard(Place(record.id, name))
        if record.is_empty:
            return
        self.records[record.id] = record
        for name, thing in record.things.items():
            self.former_bytes += thing.former_bytes
            for key in _keys(thing):
                self._places.setdefault(key, set()).add(Place(record.id, name))

    def thing(self, place: Place) -> UndoThing:
        """Return the thing at a place."""
        return self.records[place.id].things[place.name]

    def with_names(self, owned: Iterable[str], chain: str) -> list[Place]:
        """Return where things are that have one of these names, or are of this chain, in a fixed order."""
        keys = [*owned, *([_of_chain(chain)] if chain else [])]
        return sorted(set().union(*(self._places.get(key, ()) for key in keys)))


def _keys(thing: UndoThing) -> list[str]:
    chain = thing.footprint.get("chain")
    return [*thing.footprint.get("owns", ()), *([_of_chain(chain)] if chain else [])]


def _of_chain(chain: str) -> str:
    return f"chain of {chain}"

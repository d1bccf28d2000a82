"""Writing down what was there before a resource with `on_remove: revert` changes it, and what it made of it."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from vigo.agent.engine.record_index import Place, RecordIndex
from vigo.agent.engine.things import (
    AnyRevertible,
    Opened,
    opened_again,
    opened_first,
    settled,
    taken_over,
    typed,
    without,
)
from vigo.agent.engine.undo_records import UndoRecord, Undos, UndoThing
from vigo.catalog.api import Footprint, ReadHost, Resource, Revertible, Spec, Trace
from vigo.catalog.ops import Op, SetMode, SetOwner, WriteFile
from vigo.core.encoding import digest, digest_of
from vigo.core.errors import BlockedError, DamagedError, UnavailableError, VigoError
from vigo.core.ids import Digest, ResourceId
from vigo.core.plan import Plan, PlannedResource

MAX_FORMER_BYTES_IN_ALL = 32 * 1024 * 1024
"""What the former contents of a machine may take together: its journal is read from end to end at every run."""

_log = logging.getLogger(__name__)


class Keeper:
    """The records of one pass. Resources without `on_remove: revert`, and kinds that cannot be undone, leave none."""

    def __init__(self, undos: Undos, host: ReadHost, plan: Plan, kinds: Mapping[str, Resource[Any, Any]]) -> None:
        self._undos = undos
        self._host = host
        self._kinds = kinds
        self._positions = {resource.id: position for position, resource in enumerate(plan.resources)}
        self._index = RecordIndex(undos.records())
        self.footprints: dict[ResourceId, Mapping[str, Footprint]] = {}
        """What the resources that were evaluated in this pass have a hand in."""
        self._declarations: dict[ResourceId, Digest] = {}
        self._unstored: set[ResourceId] = set()

    @property
    def records(self) -> Mapping[ResourceId, UndoRecord]:
        """The records as they are stored."""
        return self._index.records

    def before_change(self, resource: PlannedResource, kind: Resource[Any, Any], spec: Spec, ops: Iterable[Op]) -> str:
        """Write down what is there; return what of the change cannot be undone later, as a sentence.

        Raises:
            BlockedError: it cannot be written down, so nothing may be changed.
        """
        if resource.on_remove != "revert":
            return ""
        told = kind.cannot_undo(spec)
        reasons = [told] if told else []
        self._note(resource, kind, spec)
        if isinstance(kind, Revertible):
            try:
                unkept = self._begin(resource, kind, spec, frozenset(kind.owns(spec)), ops)
            except VigoError as error:
                raise BlockedError(
                    "expected to write down what is there before it is changed (on_remove: revert), found that this"
                    f" cannot be done: {error}; nothing was changed"
                ) from error
            # A new owner or mode takes no content away.
            reasons += [] if all(isinstance(op, SetMode | SetOwner) for op in ops) else unkept
        return "; ".join(reasons)

    def after_change(self, resource: PlannedResource) -> None:
        """Write down what the resource made of it, also where a change failed half-way."""
        if resource.on_remove == "revert":
            self._settle(resource, self.footprints[resource.id], self._declarations.get(resource.id))

    def without_change(self, resource: PlannedResource, kind: Resource[Any, Any], spec: Spec) -> None:
        """Note what the resource has a hand in, and write down what a killed run left open."""
        if resource.on_remove != "revert":
            return
        footprints = self._note(resource, kind, spec)
        record = self.records.get(resource.id)
        if record is None:
            return
        # Where a declaration has come to what somebody else made of it before, that is the resource's by now.
        declaration = digest_of(spec)
        if record.declaration != declaration or any(_is_open(record.things.get(name)) for name in footprints):
            self._settle(resource, footprints, declaration)

    def keep(self, *records: UndoRecord, formers: Mapping[tuple[ResourceId, str], bytes] | None = None) -> None:
        """Store records, and those that wait to be stored; one without things is forgotten.

        Raises:
            UnavailableError: they cannot be stored.
        """
        given = {record.id for record in records}
        waiting = [self.records[id_] for id_ in sorted(self._unstored - given) if id_ in self.records]
        if waiting or records:
            self._undos.keep(*waiting, *records, formers=formers)
        self._unstored.clear()
        for record in records:
            self._index.put(record)

    def drop(self, resource: ResourceId) -> None:
        """Forget a record; where that cannot be stored, the next run does."""
        record = self.records.get(resource)
        if record is None:
            return
        empty = msgspec.structs.replace(record, things={}, lost="")
        try:
            self.keep(empty)
        except UnavailableError as error:
            _log.warning("undo record stays resource=%s reason=%s", resource, error)
            self._index.put(empty)

    def former(self, place: Place) -> bytes | None:
        """Return the former content of a thing."""
        return self._undos.former(*place)

    def declared(self, record: UndoRecord, resource: PlannedResource) -> UndoRecord:
        """Return a record with what a resource's declaration says now."""
        return msgspec.structs.replace(
            record,
            type=resource.type,
            position=self._positions[resource.id],
            noop=resource.noop,
            timeout_seconds=resource.timeout_seconds,
            notify=resource.notify,
        )

    def give(
        self, place: Place, resource: PlannedResource, kind: AnyRevertible, spec: Spec, owned: frozenset[str]
    ) -> None:
        """Give a thing to the resource that owns it now, by the names that it owns.

        Raises:
            UnavailableError: it cannot be stored; all is as it was.
        """
        older = self._opened(place)
        target = self.records.get(resource.id) or UndoRecord(id=resource.id, type=resource.type)
        formers: dict[tuple[ResourceId, str], bytes] = {}
        owned = owned.intersection(older.thing.footprint.get("owns", ()))
        for name, footprint in kind.footprints(spec).items():
            known = target.things.get(name)
            if owned.isdisjoint(footprint.owns):
                continue
            newer = opened_first(footprint, kind.trace()) if known is None else self._opened(Place(resource.id, name))
            try:
                if known is not None and not kind.follows(typed(kind, known)[1], typed(kind, older.thing)[0]):
                    continue
                thing, former = taken_over(kind, newer, older)
            except DamagedError as error:
                _log.error("undo record damaged resource=%s thing=%s reason=%s", *place, error)
                continue
            target = _with(target, name, msgspec.structs.replace(thing, type=resource.type))
            formers |= {} if former is None else {Place(resource.id, name): former}
        target = self.declared(target, resource)
        if target.id == place.id:
            self.keep(without(target, place.name), formers=formers)
        else:
            self.keep(target, without(self.records[place.id], place.name), formers=formers)

    def _note(self, resource: PlannedResource, kind: Resource[Any, Any], spec: Spec) -> Mapping[str, Footprint]:
        footprints = kind.footprints(spec) if isinstance(kind, Revertible) else {}
        self.footprints[resource.id] = footprints
        return footprints

    def _begin(
        self, resource: PlannedResource, kind: AnyRevertible, spec: Spec, owned: frozenset[str], ops: Iterable[Op]
    ) -> list[str]:
        writes = [digest(op.content) for op in ops if isinstance(op, WriteFile)]
        changed = {resource.id: self.records.get(resource.id) or UndoRecord(id=resource.id, type=resource.type)}
        formers: dict[tuple[ResourceId, str], bytes] = {}
        reasons = []
        for name, footprint in self.footprints[resource.id].items():
            opened = self._known(changed, kind, Place(resource.id, name), footprint)
            if opened is None:
                seen = self._with_room(kind.look(footprint, self._host, keep=True))
                opened = opened_first(footprint, seen)
                for place in self._predecessors(kind, opened.thing, owned.intersection(footprint.owns)):
                    opened = taken_over(kind, opened, self._opened(place))
                    changed[place.id] = without(changed.get(place.id) or self.records[place.id], place.name)
            formers |= {} if opened.former is None else {Place(resource.id, name): opened.former}
            reasons += [told] if (told := opened.thing.before.get("unkept")) else []
            open_writes = opened.thing.writes if opened.thing.interrupted else ()
            thing = msgspec.structs.replace(
                opened.thing, type=resource.type, interrupted=True, writes=tuple(dict.fromkeys((*writes, *open_writes)))
            )
            changed[resource.id] = _with(changed[resource.id], name, thing)
        self._declarations[resource.id] = digest_of(spec)
        changed[resource.id] = self.declared(changed[resource.id], resource)
        self.keep(*changed.values(), formers=formers)
        return reasons

    def _known(
        self, changed: dict[ResourceId, UndoRecord], kind: AnyRevertible, place: Place, declared: Footprint
    ) -> Opened | None:
        """Return a thing that the resource has changed before; where it is damaged, the record says so from now on."""
        record = changed[place.id]
        thing = record.things.get(place.name)
        if thing is None:
            return None
        try:
            footprint = declared.joined(typed(kind, thing)[0])
        except DamagedError as error:
            _log.error("undo record damaged resource=%s thing=%s reason=%s", *place, error)
            changed[place.id] = msgspec.structs.replace(without(record, place.name), lost=str(error))
            return None
        return opened_again(kind, thing, footprint, self._with_room(kind.look(footprint, self._host, keep=True)))

    def _predecessors(self, kind: AnyRevertible, thing: UndoThing, owned: frozenset[str]) -> Iterator[Place]:
        """Yield where the thing was another resource's until now, or was another thing that this one goes on with."""
        seen = typed(kind, thing)[1]
        for place in self._index.with_names(owned, thing.footprint.get("chain", "")):
            other = self._index.thing(place)
            former = self._kinds.get(other.type)
            if not isinstance(former, Revertible) or former.trace is not kind.trace:
                continue
            try:
                is_followed = kind.follows(seen, typed(kind, other)[0])
            except DamagedError as error:
                _log.error("undo record damaged resource=%s thing=%s reason=%s", *place, error)
                continue
            if is_followed:
                yield place

    def _opened(self, place: Place) -> Opened:
        thing = self._index.thing(place)
        return Opened(thing, self.former(place) if thing.former_bytes else None)

    def _with_room(self, seen: Trace) -> Trace:
        size_bytes = len(seen.former or b"")
        if not size_bytes or self._index.former_bytes + size_bytes <= MAX_FORMER_BYTES_IN_ALL:
            return seen
        return msgspec.structs.replace(
            seen,
            former=None,
            unkept=f"its former content of {size_bytes} bytes was not kept: what is kept for all resources of this"
            f" machine is at its limit of {MAX_FORMER_BYTES_IN_ALL} bytes",
        )

    def _settle(self, resource: PlannedResource, footprints: Iterable[str], declaration: Digest | None) -> None:
        record = self.records.get(resource.id)
        if record is None:
            return
        try:
            for name in footprints:
                thing = record.things.get(name)
                kind = None if thing is None else self._kinds.get(thing.type)
                if thing is not None and isinstance(kind, Revertible):
                    record = _with(record, name, settled(kind, thing, self._host))
        except VigoError as error:
            # It stays open, as after a kill; the next run settles it.
            _log.warning("undo record stays open resource=%s reason=%s", resource.id, error)
            return
        if declaration is not None:
            record = msgspec.structs.replace(record, declaration=declaration)
        # It is stored with the next one: each wait for the disk costs as much as the change itself, and after a kill
        # before that it is only taken for open.
        self._index.put(self.declared(record, resource))
        self._unstored.add(resource.id)


def _with(record: UndoRecord, name: str, thing: UndoThing) -> UndoRecord:
    return msgspec.structs.replace(record, things={**record.things, name: thing})


def _is_open(thing: UndoThing | None) -> bool:
    return thing is not None and thing.interrupted

"""What becomes of the records whose resources are no longer in the plan: undone, handed over, or forgotten."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from vigo.agent.engine.attempt import Kinds
from vigo.agent.engine.keeping import Keeper
from vigo.agent.engine.progress import Progress
from vigo.agent.engine.record_index import Place
from vigo.agent.engine.rendering import Context
from vigo.agent.engine.things import without
from vigo.agent.engine.undo_records import UndoRecord, UndoThing
from vigo.agent.engine.undoing import LET_GO, Undoer
from vigo.agent.engine.worker import Worker
from vigo.catalog.api import Resource, Revertible, Spec
from vigo.core.errors import UnavailableError, VigoError
from vigo.core.ids import ResourceId
from vigo.core.plan import Plan, PlannedResource
from vigo.core.run import Outcome, ResourceResult

_log = logging.getLogger(__name__)

Owe = Callable[[frozenset[ResourceId]], None]


class Owner(NamedTuple):
    """A resource of the plan that owns a thing."""

    resource: PlannedResource
    kind: Resource[Any, Any]
    spec: Spec


class Removal:
    """The step behind the resources of a plan. What was applied last is undone first."""

    def __init__(
        self,
        plan: Plan,
        *,
        kinds: Kinds,
        keeper: Keeper,
        worker: Worker,
        undoer: Undoer,
        context: Callable[[PlannedResource], Context],
    ) -> None:
        self._plan = plan
        self._kinds = kinds
        self._keeper = keeper
        self._worker = worker
        self._undoer = undoer
        self._context = context
        self._resources = {resource.id: resource for resource in plan.resources}

    def run(self, progress: Progress, stopped: Callable[[], str], owe: Owe) -> None:
        """Undo what is due and add the results to the progress.

        `owe` writes down that handlers are due, before the change that they are to be told of.
        """
        gone = dict(self._gone(progress))
        if gone:
            owners, unknown = self._owners()
            gone = {id_: self._not_owned(id_, names, owners) for id_, names in gone.items()}
            gone = {id_: names for id_, names in gone.items() if names or self._is_lost(id_)}
            order = sorted(gone, key=lambda id_: (self._keeper.records[id_].position, id_), reverse=True)
            for id_ in order:
                record = self._keeper.records[id_]
                handlers = progress.handlers.intersection(record.notify)
                if reason := stopped():
                    result = _as_result(record, "skipped", reason)
                elif reason := self._who_may_own(record, gone[id_], unknown):
                    result = _as_result(record, "blocked", reason)
                else:
                    result = self._undoer.undo(
                        record, gone[id_], before_change=partial(owe, handlers), changes_ahead=progress.changes
                    )
                progress.undone(result, handlers)

    def close(self) -> None:
        """Store what the declarations of this plan say, in case they are gone in the next one, and all that waits."""
        changed = []
        for id_, record in self._keeper.records.items():
            resource = self._resources.get(id_)
            if resource is not None and resource.on_remove == "revert":
                now = self._keeper.declared(record, resource)
                changed += [now] if now != record else []
        try:
            self._keeper.keep(*changed)
        except UnavailableError as error:
            _log.warning("undo records are not up to date reason=%s", error)

    def _gone(self, progress: Progress) -> Iterator[tuple[ResourceId, Sequence[str]]]:
        """Yield the records with things of which no declaration speaks any more, and these things.

        Of a resource that is still there that can only be said where it was evaluated and is in its state.
        """
        for id_, record in list(self._keeper.records.items()):
            resource = self._resources.get(id_)
            if resource is None:
                yield id_, list(record.things)
            elif resource.on_remove == "leave":
                _log.info("undo record dropped resource=%s reason=on_remove is leave", id_)
                self._keeper.drop(id_)
            elif id_ in self._keeper.footprints and progress.is_in_its_state(id_):
                left = [name for name in record.things if name not in self._keeper.footprints[id_]]
                if left:
                    yield id_, left

    def _is_lost(self, id_: ResourceId) -> bool:
        record = self._keeper.records.get(id_)
        return record is not None and bool(record.lost)

    def _owners(self) -> tuple[dict[str, Owner], list[tuple[PlannedResource, str]]]:
        """Return who owns what by the plan, and the resources of which that cannot be told, with the reason.

        A condition that is false changes nothing: the resource is there. Of one that does not apply to this machine
        nobody expects that its templates can be rendered.
        """
        owners: dict[str, Owner] = {}
        unknown = []
        for resource in self._plan.resources:
            context = self._context(resource)
            try:
                kind, spec = self._worker.declared(resource, context)
            except VigoError as error:
                if self._may_apply(resource, context):
                    unknown.append((resource, str(error)))
                continue
            for name in kind.owns(spec):
                if name not in owners or owners[name].resource.on_remove == "leave":
                    owners[name] = Owner(resource, kind, spec)
        return owners, unknown

    def _may_apply(self, resource: PlannedResource, context: Context) -> bool:
        try:
            return self._worker.applies(resource, context)
        except VigoError:
            return True

    def _who_may_own(
        self, record: UndoRecord, names: Sequence[str], unknown: Sequence[tuple[PlannedResource, str]]
    ) -> str:
        """Return why it cannot be told whether another resource owns a thing now, or an empty text."""
        traces = {_trace_of(self._kinds.get(record.things[name].type)) for name in names}
        for resource, reason in unknown:
            kind = self._kinds.get(resource.type)
            if kind is None or (isinstance(kind, Revertible) and kind.trace in traces):
                return (
                    f"it is no longer in the policy; expected to know that no other resource owns what it did, found"
                    f" that {resource.id} cannot be evaluated: {reason}"
                )
        return ""

    def _not_owned(self, id_: ResourceId, names: Sequence[str], owners: Mapping[str, Owner]) -> Sequence[str]:
        """Return what no resource of the plan owns; the rest goes over to its owner, or is forgotten."""
        left = []
        for name in names:
            thing = self._keeper.records[id_].things[name]
            owned = thing.footprint.get("owns", ())
            owner = next((owners[one] for one in owned if one in owners), None)
            if owner is None:
                left.append(name)
                continue
            try:
                self._hand_over(Place(id_, name), thing, owner)
            except UnavailableError as error:
                _log.warning("undo record not handed over resource=%s reason=%s", id_, error)
        return left

    def _hand_over(self, place: Place, thing: UndoThing, owner: Owner) -> None:
        """Give a thing to its owner where that one shall be undone too; else it is forgotten.

        Raises:
            UnavailableError: it cannot be stored; all is as it was.
        """
        resource, kind, spec = owner
        _log.info("undo record goes over resource=%s thing=%s owner=%s", place.id, place.name, resource.id)
        shall_be_undone = resource.on_remove == "revert" and isinstance(kind, Revertible)
        if shall_be_undone and isinstance(kind, Revertible) and _trace_of(self._kinds.get(thing.type)) is kind.trace:
            self._keeper.give(place, resource, kind, spec, frozenset(owner.kind.owns(spec)))
        else:
            self._keeper.keep(without(self._keeper.records[place.id], place.name))


def _trace_of(kind: Resource[Any, Any] | None) -> type | None:
    return kind.trace if isinstance(kind, Revertible) else None


def _as_result(record: UndoRecord, outcome: Outcome, reason: str) -> ResourceResult:
    hint = f"; {LET_GO}" if outcome == "blocked" else ""
    return ResourceResult(id=record.id, type=record.type, outcome=outcome, reason=reason + hint)

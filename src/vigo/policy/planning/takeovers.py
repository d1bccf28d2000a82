"""Who manages afterwards what a resource owned before: another one, the same one under another name, or nobody."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from vigo.core.ids import ResourceId
from vigo.policy.planning.answer import Action
from vigo.policy.planning.changes import Change, Sighting, changed
from vigo.policy.planning.declarations import Declaration


class Eyes(Protocol):
    """What one machine sees."""

    def sighting(self, declaration: Declaration) -> Sighting:
        """Return a declaration as the machine sees it."""
        ...

    def things_if_there(self, declaration: Declaration) -> tuple[str, ...]:
        """Return what a declaration owns on the machine whether or not its conditions hold."""
        ...


class Takeovers:
    """The resources of two plans, the later ones by what they own."""

    def __init__(self, olds: Mapping[ResourceId, Declaration], news: Mapping[ResourceId, Declaration]) -> None:
        self._olds = olds
        self._news = news
        self._by_thing: dict[str, list[Declaration]] = {}
        self._by_machine: list[Declaration] = []
        for one in news.values():
            if one.fixed_things is None:
                self._by_machine.append(one)
            for thing in one.fixed_things or ():
                self._by_thing.setdefault(thing, []).append(one)

    def settled(self, changes: Sequence[Change], eyes: Eyes) -> tuple[tuple[Change, ...], bool]:
        """Return the changes of a machine with what becomes of all that they release.

        The second value says whether that is so for each machine that has the same changes.
        """
        found = {(one.action, one.id): one for one in changes}
        is_for_all = True
        for change in changes:
            if not change.released:
                continue
            heirs = {thing: self._heir(thing, change.id, eyes) for thing in change.released}
            is_for_all = is_for_all and self.is_certain(change)
            self._settle(change, heirs, found, eyes)
        return tuple(found.values()), is_for_all

    def is_certain(self, change: Change) -> bool:
        """Return whether what becomes of all that a change releases is the same on each machine."""
        return all(one.is_fixed for thing in change.released for one in self._candidates(thing))

    def _settle(
        self,
        change: Change,
        heirs: Mapping[str, ResourceId | None],
        found: dict[tuple[Action, ResourceId], Change],
        eyes: Eyes,
    ) -> None:
        unmanaged = tuple(thing for thing, heir in heirs.items() if heir is None)
        heir = next((one for one in heirs.values() if one is not None), None)
        fate = change.fate
        if fate == "undone" and not any(self._is_free(thing, change.id, eyes) for thing in unmanaged):
            fate = "left"
        if change.action != "removed" or heir is None:
            kept = fate if unmanaged or change.action == "removed" else None
            found[change.action, change.id] = msgspec.structs.replace(change, unmanaged=unmanaged, fate=kept)
            return
        added = found.get(("added", heir))
        if added is not None and not unmanaged:
            del found["removed", change.id], found["added", heir]
            found["moved", heir] = self._moved(change, added, eyes)
            return
        fate = fate if unmanaged else "taken_over"
        found["removed", change.id] = msgspec.structs.replace(
            change, unmanaged=unmanaged, fate=fate, taken_over_by=heir
        )

    def _moved(self, removed: Change, added: Change, eyes: Eyes) -> Change:
        """Return what two changes are together: the same thing is managed under another name."""
        found = changed(eyes.sighting(self._olds[removed.id]), eyes.sighting(self._news[added.id]))
        doubts = [one.certainty for one in (removed, added, found) if one is not None]
        return msgspec.structs.replace(
            added,
            action="moved",
            certainty=next((one for one in ("unknown", "may_apply") if one in doubts), "certain"),
            reason=removed.reason or added.reason,
            differences=() if found is None else found.differences,
            moved_from=removed.id,
        )

    def _heir(self, thing: str, but: ResourceId, eyes: Eyes) -> ResourceId | None:
        for one in self._candidates(thing):
            if one.planned.id != but:
                sighting = eyes.sighting(one)
                if sighting.seen.presence != "skipped" and thing in sighting.things:
                    return one.planned.id
        return None

    def _is_free(self, thing: str, but: ResourceId, eyes: Eyes) -> bool:
        """Return whether no other resource owns a thing. For the agent one that a condition keeps away owns it too."""
        others = (one for one in self._candidates(thing) if one.planned.id != but)
        return not any(thing in eyes.things_if_there(one) for one in others)

    def _candidates(self, thing: str) -> list[Declaration]:
        """Return what may own a thing on some machine."""
        return [*self._by_thing.get(thing, ()), *self._by_machine]

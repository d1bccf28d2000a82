"""Two plans that one machine can have, before and after: compared once, and for each machine only what is up to it."""

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import msgspec

from vigo.catalog.api import Resource
from vigo.core.ids import ResourceId
from vigo.core.plan import Plan, PlannedResource
from vigo.core.templates import Templates
from vigo.core.traits import Traits
from vigo.policy.planning.changes import Change, Difference, Sighting, Value, change_of
from vigo.policy.planning.declarations import Declaration
from vigo.policy.planning.inputs import InputBook, Inputs
from vigo.policy.planning.takeovers import Takeovers

Kinds = Mapping[str, Resource[Any, Any]]

# Enough for the traits that tell kinds of machines apart; a hostname is of no use to anyone else.
_MOST_REMEMBERED: Final = 64


class Seer(msgspec.Struct, frozen=True):
    """One machine's eyes: its traits, None where none are stored, and templates with its predicates."""

    traits: Traits | None
    templates: Templates

    def sighting(self, declaration: Declaration) -> Sighting:
        """Return a declaration as the machine sees it."""
        return Sighting(declaration, declaration.seen_by(self.traits, self.templates))

    def things_if_there(self, declaration: Declaration) -> tuple[str, ...]:
        """Return what a declaration owns on the machine whether or not its conditions hold."""
        return declaration.things_if_there(self.traits, self.templates)


class _Varying:
    """A resource whose change is up to the machine, and what it came to for the traits that were seen so far."""

    def __init__(
        self,
        before: Declaration | None,
        after: Declaration | None,
        depends_on: Difference | None,
        *,
        is_covered: bool,
    ) -> None:
        self._before = before
        self._after = after
        self._depends_on = depends_on
        self._is_covered = is_covered
        self._remembered: dict[bytes | None, Change | None] = {}

    @cached_property
    def _inputs(self) -> Inputs:
        found = Inputs()
        for one in (self._before, self._after):
            found |= Inputs() if one is None else one.inputs
        return found

    def change(self, seer: Seer) -> Change | None:
        is_known = bool(self._inputs.traits) and seer.traits is not None
        key = self._inputs.of_traits(seer.traits or {}) if is_known else None
        if key in self._remembered:
            return self._remembered[key]
        before, after = self._sighting(seer, self._before), self._sighting(seer, self._after)
        found = change_of(before, after, self._depends_on, is_covered=self._is_covered)
        if len(self._remembered) < _MOST_REMEMBERED:
            self._remembered[key] = found
        return found

    def _sighting(self, seer: Seer, declaration: Declaration | None) -> Sighting | None:
        return None if declaration is None else seer.sighting(declaration)


class Pair:
    """What a machine has by one plan and gets by another; None where no entry covers it."""

    def __init__(self, before: Plan | None, after: Plan | None, kinds: Kinds, book: InputBook) -> None:
        self.before = before
        self.after = after
        olds, news = _declarations(before, kinds, book), _declarations(after, kinds, book)
        relations = _Relations(before, after)
        self._parts: list[Change | _Varying] = []
        for id_ in dict.fromkeys((*news, *olds)):
            old, new = olds.get(id_), news.get(id_)
            depends_on = relations.difference(id_)
            if old is not None and new is not None and old.key == new.key and depends_on is None:
                continue
            if (old is None or old.is_fixed) and (new is None or new.is_fixed):
                found = change_of(_fixed(old), _fixed(new), depends_on, is_covered=after is not None)
                self._parts += [] if found is None else [found]
            else:
                self._parts.append(_Varying(old, new, depends_on, is_covered=after is not None))
        self.order_differs = relations.order_differs
        self._takeovers = Takeovers(olds, news)
        self.needs_traits = not all(isinstance(one, Change) and self._takeovers.is_certain(one) for one in self._parts)
        self._finished: dict[tuple[int, ...], tuple[tuple[Change, ...], tuple[Change, ...]]] = {}

    def changes(self, seer: Seer) -> tuple[Change, ...]:
        """Return what becomes of a machine's resources. Machines for which it is the same mostly get the same tuple."""
        found = (one if isinstance(one, Change) else one.change(seer) for one in self._parts)
        raw = tuple(one for one in found if one is not None)
        key = tuple(map(id, raw))
        if key in self._finished:
            return self._finished[key][1]
        changes, is_for_all = self._takeovers.settled(raw, seer)
        if is_for_all and len(self._finished) < _MOST_REMEMBERED:
            # What is kept keeps its identity, which the key is made of.
            self._finished[key] = (raw, changes)
        return changes


class _Relations:
    """How the dependencies and the order of two plans differ."""

    def __init__(self, before: Plan | None, after: Plan | None) -> None:
        self._olds = _by_id(before)
        self._news = _by_id(after)
        self._kept = [id_ for id_ in self._news if id_ in self._olds]
        position = {id_: index for index, id_ in enumerate(self._olds)}
        self.order_differs = any(position[one] > position[other] for one, other in pairwise(self._kept))

    def difference(self, id_: ResourceId) -> Difference | None:
        """Return how what a resource depends on differs, or None where at most its order does.

        A dependency on a whole configcrate stands on single resources of it, and follows what is in there: others
        that come and go, and what is implied by others, are order alone.
        """
        old, new = self._olds.get(id_), self._news.get(id_)
        if old is None or new is None or set(old.depends_on) == set(new.depends_on):
            return None
        gone, come = set(old.depends_on) - set(new.depends_on), set(new.depends_on) - set(old.depends_on)
        if all(_is_implied(one, new, self._news) for one in gone) and all(
            _is_implied(one, old, self._olds) for one in come
        ):
            self.order_differs = True
            return None
        return Difference("depends_on", _ids(old), _ids(new))


def _is_implied(other: ResourceId, resource: PlannedResource, plan: Mapping[ResourceId, PlannedResource]) -> bool:
    """Return whether a plan says as much without a dependency: it has no such resource elsewhere, or comes to it."""
    if other not in plan:
        return other.partition("/")[0] != resource.configcrate
    return _reaches(resource.id, other, plan)


def _reaches(start: ResourceId, end: ResourceId, plan: Mapping[ResourceId, PlannedResource]) -> bool:
    seen: set[ResourceId] = set()
    pending = [start]
    while pending:
        one = plan.get(pending.pop())
        for other in () if one is None else one.depends_on:
            if other == end:
                return True
            if other not in seen:
                seen.add(other)
                pending.append(other)
    return False


def _ids(resource: PlannedResource) -> Value:
    return Value(sorted(resource.depends_on), is_set=True) if resource.depends_on else Value()


def _by_id(plan: Plan | None) -> dict[ResourceId, PlannedResource]:
    return {} if plan is None else {one.id: one for one in plan.resources}


def _declarations(plan: Plan | None, kinds: Kinds, book: InputBook) -> dict[ResourceId, Declaration]:
    if plan is None:
        return {}
    plan = plan.in_words()
    return {one.id: Declaration(one, plan, kinds[one.type], book) for one in plan.resources}


def _fixed(declaration: Declaration | None) -> Sighting | None:
    return None if declaration is None else Sighting(declaration, declaration.seen_by(None, _NO_TEMPLATES))


_NO_TEMPLATES: Final = Templates()

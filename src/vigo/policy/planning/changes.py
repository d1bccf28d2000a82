"""What becomes of one resource on one machine, between two plans."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from vigo.core.ids import ResourceId
from vigo.core.plan import PlannedResource
from vigo.policy.planning.answer import Action, Certainty, Fate
from vigo.policy.planning.declarations import Declaration, Open, Seen, same
from vigo.policy.planning.inputs import exact

_OPTIONS: Final = (*("immediately", "notify", "timeout", "retries", "retry_delay", "on_failure", "on_remove", "noop"),)
_NOT_UNDONE: Final = "on_remove: revert undoes nothing as long as no entry covers the machine"
_CERTAINTY: Final[Mapping[str, Certainty]] = {"maybe": "may_apply", "unknown": "unknown"}


class Value(msgspec.Struct, frozen=True):
    """What a field has: a value, or a template that is open here, or neither."""

    value: Any = None
    is_set: bool = False
    open: Open | None = None


UNSET: Final = Value()


class Difference(msgspec.Struct, frozen=True):
    """A field or an option that is not the same before and after."""

    name: str
    before: Value
    after: Value


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a resource. `things` is what it owns afterwards, or owned where it goes.

    `released` is what it owned and does not any more; `unmanaged` is that part of it which nothing else takes over.
    """

    action: Action
    planned: PlannedResource
    certainty: Certainty = "certain"
    reason: str = ""
    problem: str = ""
    things: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    unmanaged: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    fate: Fate | None = None
    taken_over_by: ResourceId | None = None
    moved_from: ResourceId | None = None

    @property
    def id(self) -> ResourceId:
        """The resource's identity, the one it has afterwards where it moved."""
        return self.planned.id

    @property
    def waits_for_traits(self) -> bool:
        """Whether part of it is unknown until the machine's traits are."""
        sides = (side for one in self.differences for side in (one.before, one.after))
        return self.certainty == "unknown" or any(one.open is not None and one.open.why == "traits" for one in sides)


class Sighting(msgspec.Struct, frozen=True):
    """A declaration as one machine sees it."""

    declaration: Declaration
    seen: Seen

    @property
    def things(self) -> tuple[str, ...]:
        """What it owns there."""
        return self.declaration.things(self.seen)


def change_of(
    before: Sighting | None, after: Sighting | None, depends_on: Difference | None = None, *, is_covered: bool = True
) -> Change | None:
    """Return what becomes of a resource that is declared before, after, or both; None where that is nothing.

    `depends_on` is how its dependencies differ, which only whole plans can tell. `is_covered` says whether the machine
    has a plan afterwards: without one its agent does nothing.
    """
    was = None if before is None or before.seen.presence == "skipped" else before
    will_be = None if after is None or after.seen.presence == "skipped" else after
    if was is not None:
        return _removed(was, after, is_covered=is_covered) if will_be is None else changed(was, will_be, depends_on)
    if will_be is not None:
        return _added(will_be, before)
    return None if before is None or after is not None or not is_covered else _forgotten(before)


def changed(before: Sighting, after: Sighting, depends_on: Difference | None = None) -> Change | None:
    """Return how a resource that is there before and after differs, or None where it does not."""
    differences = tuple(_differences(before, after, depends_on))
    if not differences:
        return None
    owned = after.things
    released = tuple(one for one in before.things if one not in owned)
    is_undone = before.declaration.is_undone_when_gone and after.declaration.is_undone_when_gone
    return Change(
        action="changed",
        planned=after.declaration.planned,
        certainty=_certainty(before.seen, after.seen, differences),
        reason=after.seen.reason or before.seen.reason,
        problem=after.declaration.problem(after.seen),
        things=owned,
        released=released,
        differences=differences,
        fate=None if not released else "undone" if is_undone else "left",
    )


def _removed(before: Sighting, after: Sighting | None, *, is_covered: bool) -> Change:
    """Return the removal of a resource. One that a condition keeps away is still in the policy, so it is not undone."""
    declaration, seen = before.declaration, before.seen
    is_undone = after is None and is_covered and declaration.is_undone_when_gone and bool(before.things or seen.open)
    reasons = [seen.reason, "" if after is None else after.seen.reason]
    if after is None and declaration.planned.on_remove == "revert":
        reasons.append(declaration.cannot_undo(seen) if is_covered else _NOT_UNDONE)
    return Change(
        action="removed",
        planned=declaration.planned,
        certainty=_CERTAINTY.get(seen.presence, "certain"),
        reason="; ".join(filter(None, reasons)),
        things=before.things,
        released=before.things,
        fate="undone" if is_undone else "left",
    )


def _forgotten(before: Sighting) -> Change | None:
    """Return the removal of a resource that a condition keeps away, where the agent undoes what it did before that."""
    if not before.declaration.is_undone_when_gone:
        return None
    return Change(
        action="removed",
        planned=before.declaration.planned,
        certainty="may_apply",
        reason=f"{before.seen.reason}; what it changed while that was true is undone",
        things=before.things,
        fate="undone",
    )


def _added(after: Sighting, before: Sighting | None) -> Change:
    reason = "" if before is None else f"until now {before.seen.reason}"
    options = {**after.declaration.options, "depends_on": sorted(after.declaration.planned.depends_on) or None}
    given = {"when": _when(after), **options}
    differences = [Difference(name, UNSET, _value(after.seen, name)) for name in after.declaration.declared]
    differences += [Difference(name, UNSET, _given(value)) for name, value in given.items() if value is not None]
    return Change(
        action="added",
        planned=after.declaration.planned,
        certainty=_certainty(after.seen, after.seen, ()),
        reason=after.seen.reason or reason,
        problem=after.declaration.problem(after.seen),
        things=after.things,
        differences=tuple(differences),
    )


def _certainty(before: Seen, after: Seen, differences: tuple[Difference, ...]) -> Certainty:
    presences = (before.presence, after.presence)
    if "unknown" in presences:
        return "unknown"
    if "maybe" in presences:
        return "may_apply"
    # Where a value is known on neither side or one, both may come to the same.
    sides = [
        {side.open.why for side in (one.before, one.after) if side.open is not None} - {"failing"}
        for one in differences
    ]
    if not sides or not all(sides):
        return "certain"
    return "unknown" if all("traits" in one for one in sides) else "may_apply"


def _differences(before: Sighting, after: Sighting, depends_on: Difference | None) -> Iterator[Difference]:
    one, other = before.declaration.planned, after.declaration.planned
    if one.type != other.type:
        yield Difference("type", Value(one.type, is_set=True), Value(other.type, is_set=True))
    was, will_be = before.seen, after.seen
    for name in dict.fromkeys((*after.declaration.declared, *before.declaration.declared)):
        is_open = name in was.open or name in will_be.open
        if is_open or not same(was.values.get(name), will_be.values.get(name)):
            sides = _value(was, name), _value(will_be, name)
            if not is_open or not _come_to_the_same(*sides):
                yield Difference(name, *sides)
    if depends_on is not None:
        yield depends_on
    when, other_when = _when(before), _when(after)
    if when != other_when or exact(when) != exact(other_when):
        yield Difference("when", _given(when), _given(other_when))
    options, others = before.declaration.options, after.declaration.options
    for name in () if options == others else _OPTIONS:
        if options.get(name) != others.get(name):
            yield Difference(name, _given(options.get(name)), _given(others.get(name)))


def _value(seen: Seen, name: str) -> Value:
    if name in seen.open:
        return Value(open=seen.open[name])
    return _given(seen.values.get(name))


def _given(value: Any) -> Value:
    return UNSET if value is None else Value(value, is_set=True)


def _come_to_the_same(one: Value, other: Value) -> bool:
    """Return whether two values are the same whatever the machine is: one template over the same values."""
    if one.open is None or other.open is None:
        return False
    return exact((one.open.source, one.open.used)) == exact((other.open.source, other.open.used))


def _when(sighting: Sighting) -> list[Any] | None:
    """Return what keeps the resource from acting in every pass: texts, each with the values that it takes in."""
    when: list[Any] = [["changed", {}]] if sighting.declaration.planned.only_when_notified else []
    when += [[one.expression, one.used] for one in sighting.seen.undecided]
    return when or None

"""One thing of an undo record in the classes of its kind, and how it goes on when a resource changes it again."""

from typing import Any, NamedTuple

import msgspec

from vigo.agent.engine.traces import completed
from vigo.agent.engine.undo_records import UndoRecord, UndoThing
from vigo.catalog.api import Footprint, ReadHost, Revertible, Trace
from vigo.core.errors import DamagedError

AnyRevertible = Revertible[Any, Any, Any]


class Opened(NamedTuple):
    """A thing that is about to be changed, and content of it that is to be kept."""

    thing: UndoThing
    former: bytes | None = None


def typed(kind: AnyRevertible, thing: UndoThing) -> tuple[Any, Any, Any]:
    """Return the footprint, what was before and what was made, in the classes of the kind.

    Raises:
        DamagedError: they are not what the kind keeps.
    """
    try:
        return (
            msgspec.convert(thing.footprint, kind.footprint),
            msgspec.convert(thing.before, kind.trace),
            None if thing.made is None else msgspec.convert(thing.made, kind.trace),
        )
    except msgspec.ValidationError as error:
        raise DamagedError(
            f"expected an undo record of this version of the agent, found another one: {error}"
        ) from error


def opened_first(footprint: Footprint, seen: Trace) -> Opened:
    """Return a thing that was never changed, as it is seen."""
    thing = UndoThing(
        type="",
        footprint=_plain(footprint.after(seen)),
        before=_plain(seen.kept()),
        former_bytes=len(seen.former or b""),
    )
    return Opened(thing, seen.former)


def opened_again(kind: AnyRevertible, known: UndoThing, footprint: Footprint, seen: Trace) -> Opened:
    """Return a thing that was changed before, of which the resource may have a hand in more by now."""
    _, before, _ = typed(kind, known)
    is_content_new = before.content is None and not before.absent
    # What was known of its content stands; what there is now is the resource's own.
    now = seen if is_content_new else msgspec.structs.replace(seen, former=None, unkept=None)
    before = completed(before, now)
    thing = msgspec.structs.replace(
        known,
        footprint=_plain(footprint.after(before)),
        before=_plain(before.kept()),
        former_bytes=known.former_bytes or len(now.former or b""),
    )
    return Opened(thing, now.former)


def taken_over(kind: AnyRevertible, newer: Opened, older: Opened) -> Opened:
    """Return a thing that another resource had: what was before that one was before both.

    Raises:
        DamagedError: the older one is not what the kind keeps.
    """
    footprint, seen, made = typed(kind, newer.thing)
    former_footprint, before, _ = typed(kind, older.thing)
    is_content_new = before.content is None and not before.absent
    before = completed(before, seen)
    # What the newer resource has not changed yet is as the older one left it.
    last = newer.thing if made is not None else older.thing
    thing = msgspec.structs.replace(
        newer.thing,
        footprint=_plain(footprint.joined(former_footprint).after(before)),
        before=_plain(before.kept()),
        made=last.made,
        interrupted=last.interrupted,
        writes=last.writes,
        former_bytes=newer.thing.former_bytes if is_content_new else older.thing.former_bytes,
    )
    return Opened(thing, newer.former if is_content_new else older.former)


def settled(kind: AnyRevertible, thing: UndoThing, host: ReadHost) -> UndoThing:
    """Return a thing with what is there now as what the resource made of it.

    Raises:
        VigoError: it cannot be looked at.
    """
    footprint, _, _ = typed(kind, thing)
    return msgspec.structs.replace(thing, made=_plain(kind.look(footprint, host).kept()), interrupted=False, writes=())


def without(record: UndoRecord, name: str) -> UndoRecord:
    """Return a record without one of its things."""
    return msgspec.structs.replace(record, things={one: thing for one, thing in record.things.items() if one != name})


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    stored: dict[str, Any] = msgspec.to_builtins(value, builtin_types=(bytes,))
    return stored

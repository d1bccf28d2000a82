"""Comparing what was there before, what a resource made of it and what is there now."""

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from vigo.catalog.api import Trace

TraceT = TypeVar("TraceT", bound=Trace)

_NOT_COMPARED = frozenset({"former", "unkept"})
_CALLED = {"absent": "presence", "to": "target", "kind": "sort of entry"}


def is_back(before: Trace, now: Trace) -> bool:
    """Return whether what is there is what was there before, in all that was looked at both times."""
    was, found = before.kept(), now.kept()
    pairs = [(getattr(was, name), getattr(found, name)) for name in _compared(found)]
    return all(left is None or right is None or left == right for left, right in pairs)


def strange(now: Trace, before: Trace, made: Trace | None) -> tuple[str, ...]:
    """Return what is neither as before nor as the resource made it, as words for people: somebody changed it since.

    Each aspect counts by itself, since undoing may have been cut half-way.
    """
    found = []
    for name in _compared(now):
        value = getattr(now.kept(), name)
        known = [getattr(one, name) for one in (before.kept(), made) if one is not None]
        if value is not None and any(one is not None for one in known) and value not in known:
            found.append(_CALLED.get(name, name.replace("_", " ")))
    return tuple(found)


def completed(before: TraceT, seen: TraceT) -> TraceT:
    """Return what was before, with what a resource did not have a hand in so far as it is seen now.

    Where there was nothing, what is there is the resource's own work, and no content of it is of use.
    """
    missing = {name: getattr(seen, name) for name in seen.__struct_fields__ if getattr(before, name) is None}
    if before.absent:
        missing = {name: value for name, value in missing.items() if name not in {"content", *_NOT_COMPARED}}
    return msgspec.structs.replace(before, **missing)


def _compared(trace: Trace) -> Iterator[str]:
    return (name for name in trace.__struct_fields__ if name not in _NOT_COMPARED)

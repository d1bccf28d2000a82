"""The changes of a whole fleet with each kept once, and those that differ from envoy to envoy only in their values."""

from typing import Any, Final

import msgspec

from vigo.core.encoding import digest_of
from vigo.core.ids import Digest
from vigo.policy.planning.changes import Change, Value

# Beyond this many the values belong to single envoys, and would fill the memory.
_MOST_VARIANTS: Final = 16


class Variant:
    """One change with its values, and how many envoys have it. `host` is the first of them."""

    def __init__(self, change: Change, host: str, shape: "Shape") -> None:
        self.change = change
        self.host = host
        self.shape = shape
        self.envoys = 0

    @property
    def told(self) -> "Variant":
        """The variant that is told in place of this one: itself, or the one that stands for all of its shape."""
        return self if self.shape.is_told_apart else self.shape.first

    @property
    def differs_by_envoy(self) -> bool:
        """Whether other envoys have other values where this is told."""
        return not self.shape.is_told_apart


class Shape:
    """Changes of one resource that are alike but for their values."""

    def __init__(self) -> None:
        self._variants: dict[Digest, Variant] = {}
        self._are_too_many = False
        self.is_told_apart = False
        """Whether each of the values belongs to several envoys, so that telling all says more than an example."""

    @property
    def first(self) -> Variant:
        """The variant that was found first."""
        return next(iter(self._variants.values()))

    def variant(self, change: Change, host: str) -> Variant:
        """Return what stands for a change."""
        if self._are_too_many:
            return self.first
        digest = _digest(change)
        found = self._variants.get(digest)
        if found is None:
            found = self._variants[digest] = Variant(change, host, self)
            self._are_too_many = len(self._variants) > _MOST_VARIANTS
        return found

    def close(self) -> None:
        """Decide how it is told, once all envoys were counted."""
        envoys = sum(one.envoys for one in self._variants.values())
        self.is_told_apart = len(self._variants) == 1 or (not self._are_too_many and 2 * len(self._variants) <= envoys)


class Variants:
    """All changes that were seen so far."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[Any, ...], Shape] = {}

    def of(self, change: Change, host: str) -> Variant:
        """Return what stands for a change of an envoy."""
        names = tuple((one.name, _kind(one.before), _kind(one.after)) for one in change.differences)
        key = (
            (change.action, change.id, change.planned.type, change.certainty),
            (change.fate, change.taken_over_by, change.moved_from, bool(change.problem), names),
        )
        return self._shapes.setdefault(key, Shape()).variant(change, host)

    def close(self) -> None:
        """Decide how each is told, once all envoys were counted."""
        for shape in self._shapes.values():
            shape.close()


def _kind(value: Value) -> str:
    return value.open.why if value.open is not None else "set" if value.is_set else "unset"


def _digest(change: Change) -> Digest:
    sides = [(one.name, [msgspec.to_builtins(side) for side in (one.before, one.after)]) for one in change.differences]
    return digest_of(
        (str(change.planned.origin), change.reason, change.problem, change.things, change.unmanaged, sides)
    )

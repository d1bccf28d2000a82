"""What one compilation keeps for the next: results by the content that they were made of.

A result is used again only where the file that it comes from, and every other file that was looked at for it, are
byte for byte what they were; so a warm compilation finds what a cold one finds.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Final, TypeVar

import msgspec

from vigo.policy.diagnostics import Remark, Stacked

# The stage and the live generation are compiled in turn, so what was not used twice in a row is let go.
_TURNS_KEPT: Final = 2
T = TypeVar("T")

_MOST_KEPT: Final = 50_000
_MOST_NUMBERS: Final = 200_000


class Kept(msgspec.Struct):
    """A result, what was found on the way to it, and the files that it depends on (None: there was none).

    One `for_now` is good in this compilation only.
    """

    value: Any
    remarks: Sequence[Remark] = ()
    looked_at: Mapping[str, bytes | None] = {}
    for_now: bool = False
    turn: int = 0


class Cache:
    """Results of former compilations. When they have doubled, those that two compilations did not ask for are dropped.

    Some of these may be parts of others that are in use, so that nobody asked for them; they are made again.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, Kept] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._next_number = count()
        self._turn = 0
        self._most = _MOST_KEPT

    def number(self, name: str, value: Any) -> int:
        """Return the number of a variable's value: equal ones have the same, others never."""
        key = (name, repr(value))
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = next(self._next_number)
        return found

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Stand for one compilation."""
        self._turn += 1
        if len(self._numbers) > _MOST_NUMBERS:
            self._numbers.clear()  # numbers are not given again, so this only costs some work
        yield
        if len(self._kept) > self._most:
            self._kept = {key: one for key, one in self._kept.items() if one.turn > self._turn - _TURNS_KEPT}
            self._most = max(_MOST_KEPT, 2 * len(self._kept))

    def find(self, key: Hashable, files: Mapping[str, bytes]) -> Kept | None:
        """Return what was kept, or None where there is nothing or it was made of other content."""
        found = self._kept.get(key)
        if found is None or found.turn == self._turn:
            return found
        if found.for_now or any(files.get(name) != content for name, content in found.looked_at.items()):
            return None
        found.turn = self._turn
        return found

    def same(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the object that stands for a key, the same one for as long as it is asked for."""
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = Kept(make())
        found.turn = self._turn
        value: T = found.value
        return value

    def keep(self, key: Hashable, kept: Kept) -> None:
        """Keep a result."""
        kept.turn = self._turn
        self._kept[key] = kept


class WatchedFiles(Mapping[str, bytes]):
    """The files of the stacks; while somebody watches, each one that is asked for is noted."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._watches: list[dict[str, bytes | None]] = []

    def watched(self) -> Stacked[dict[str, bytes | None]]:
        """Give a map that receives what is asked for meanwhile, with its content; None where there is no such file."""
        return Stacked(self._watches, {})

    def __getitem__(self, name: str) -> bytes:
        for seen in self._watches:
            seen[name] = self._files.get(name)
        return self._files[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

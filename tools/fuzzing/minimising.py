"""From stacks that fail to the least of them that fail in the same way."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

Stacks = Mapping[str, bytes]
Fails = Callable[[Stacks], bool]
T = TypeVar("T")


def minimised(stacks: Stacks, fails: Fails) -> dict[str, bytes]:
    """Return stacks without the files, lines and bytes that are not needed for them to fail.

    `fails` is asked of stacks that are ever smaller; whoever has no time any more lets it answer false.
    """
    names = _least(sorted(stacks), lambda some: fails({name: stacks[name] for name in some}))
    least = {name: stacks[name] for name in names}
    for name in names:
        fails_with = partial(_fails_with, fails, least, name)
        least[name] = b"".join(_least(least[name].splitlines(keepends=True), fails_with))
        pieces = [least[name][at : at + 1] for at in range(len(least[name]))]
        least[name] = b"".join(_least(pieces, fails_with))
    return least


def _fails_with(fails: Fails, stacks: Stacks, name: str, parts: Sequence[bytes]) -> bool:
    return fails({**stacks, name: b"".join(parts)})


def _least(parts: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> list[T]:
    """Return the parts of a whole that fails without those that can be left out, tried in ever smaller runs."""
    kept = list(parts)
    length = len(kept)
    while length > 0:
        at = 0
        while at < len(kept):
            without = kept[:at] + kept[at + length :]
            if fails(without):
                kept = without
            else:
                at += length
        length //= 2
    return kept

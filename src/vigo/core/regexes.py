"""Which regular expressions Python's engine gets through quickly, whatever text it is held against.

The engine tries one way after the other. Where two repeats can part the same characters between them, the ways
multiply: `(a+)+$` against forty letters takes days. Repeats are accepted where what stands between them tells them
apart.
"""

import re
from collections.abc import Iterable, Iterator
from re import _constants as constants  # type: ignore[attr-defined] # the parser's own words; re has no public ones
from re import _parser as parser  # type: ignore[attr-defined] # the same
from typing import Any, Final

from vigo.core.errors import InvalidError

HOSTNAME_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789-_."
"""What a hostname is made of."""

_OTHERS: Final = "\x80"
_LAST_ASCII: Final = 0x7F

LINE_CHARACTERS: Final = "".join(map(chr, range(_LAST_ASCII + 1))) + _OTHERS
"""What a line of text is made of; its last character stands for all that are not ASCII, as if they were one."""

MOST_REPEATS_IN_A_ROW: Final = 3
"""Repeats that can take each other's characters: three of them take some milliseconds for the longest hostname."""

_FEW: Final = 8
_ONE_CHARACTER: Final = {constants.LITERAL, constants.NOT_LITERAL, constants.ANY, constants.IN, constants.CATEGORY}
_REPEATS: Final = {constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT}
_CATEGORIES: Final = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}
_GROUPS: Final = {constants.SUBPATTERN, constants.ATOMIC_GROUP}

Item = tuple[Any, Any]


def check_speed(expression: str, alphabet: str = HOSTNAME_CHARACTERS) -> int:
    """Return the most repeats in a row that can take each other's characters, of one that is well-formed and quick.

    Held against a text of n characters of the alphabet it takes at most about n to the power of that number, and once
    more n where it may begin anywhere.

    Raises:
        InvalidError: it may try very many ways, or looks ahead, behind or back, which makes that unknowable.
    """
    speed = _Speed(alphabet)
    speed.check(_flat(parser.parse(expression)), set())
    return speed.longest_row


class _Speed:
    """One look at an expression. `longest_row` is how many repeats in a row were found to compete."""

    def __init__(self, alphabet: str) -> None:
        self._alphabet = alphabet
        self._others = {_OTHERS} & set(alphabet)
        self.longest_row = 0

    def check(self, items: Iterable[Item], taken: set[str], row: int = 0) -> tuple[set[str], int]:
        """Return the characters that the repeats in a row can take, and how many repeats these are."""
        for kind, argument in items:
            if kind in _ONE_CHARACTER:
                # One that no repeat before it can take ends the row: they cannot reach beyond it.
                taken, row = (taken, row) if taken & self._characters((kind, argument)) else (set(), 0)
            elif kind in _REPEATS:
                least, most, body = argument
                mine = self._all_characters(_flat(body))
                if _varies(least, most):
                    is_apart = least > 0 and not taken & mine
                    row, taken = (1, mine) if is_apart else (row + 1, taken | mine)
                    self.longest_row = max(self.longest_row, row)
                    if row > MOST_REPEATS_IN_A_ROW:
                        raise InvalidError(
                            f"expected at most {MOST_REPEATS_IN_A_ROW} repeats such as `.*` that can take each other's"
                            " characters, found more; a glob such as `*web*prod*` has no such limit, and `[^.]*` stands"
                            " for what lies between two dots"
                        )
                else:
                    taken, row = self.check(_flat(body), taken, row)
                if most > 1:
                    self._check_repeated(list(_flat(body)))
            elif kind is constants.BRANCH:
                ends = [self.check(_flat(branch), set(taken), row) for branch in argument[1]]
                taken, row = set().union(*(one[0] for one in ends)), max(one[1] for one in ends)
            elif kind is not constants.AT:
                raise InvalidError(
                    "expected no look-ahead, look-behind or back-reference, found one; write what is there"
                )
        return taken, row

    def _check_repeated(self, body: list[Item]) -> None:
        """Refuse what a repeat repeats, if the same text can be more than one round, or one round in two ways."""
        self.check(body, set())
        for kind, argument in body:
            if kind is constants.BRANCH:
                firsts = [self._first(list(_flat(branch))) for branch in argument[1]]
                known = [one for one in firsts if one is not None]
                if len(known) < len(firsts) or sum(len(one) for one in known) > len(set().union(*known)):
                    raise InvalidError(
                        "expected alternatives that begin with different characters inside a repeat, found others;"
                        " write a set such as `[a-z0-9]`, or take them out of the repeat"
                    )
        varying = [argument[2] for kind, argument in body if kind in _REPEATS and _varies(*argument[:2])]
        inner = set().union(*(self._all_characters(_flat(one)) for one in varying))
        if not inner:
            return
        ends = [one for one in (body[0], body[-1]) if one[0] in _ONE_CHARACTER]
        if not any(inner.isdisjoint(self._characters(one)) for one in ends):
            raise InvalidError(
                "expected a repeat inside a repeat to be told apart by a character before or behind it, such as the"
                r" dot in `([a-z]+\.)*`, found none; write one repeat"
            )

    def _characters(self, item: Item) -> set[str]:
        """Return the characters of the alphabet that one item can stand for."""
        kind, argument = item
        if kind is constants.ANY:
            return set(self._alphabet)
        if kind is constants.LITERAL:
            return self._others if self._others and argument > _LAST_ASCII else {chr(argument).lower()}
        if kind is constants.NOT_LITERAL:
            return (set(self._alphabet) - {chr(argument).lower()}) | self._others
        if kind is constants.CATEGORY:
            return self._of_category(argument)
        found: set[str] = set()
        for one, value in argument:
            if one is constants.RANGE:
                found |= {char for char in self._alphabet if self._is_within(char, value)}
                found |= self._others if value[1] > _LAST_ASCII else set()
            elif one is not constants.NEGATE:
                found |= self._characters((one, value))
        return (set(self._alphabet) - found) | self._others if argument[0][0] is constants.NEGATE else found

    def _is_within(self, char: str, limits: tuple[int, int]) -> bool:
        return any(limits[0] <= ord(one) <= limits[1] for one in (char, char.upper()))

    def _of_category(self, category: Any) -> set[str]:
        name = str(category)
        letter = next(letter for word, letter in _CATEGORIES.items() if name.endswith(word))
        pattern = re.compile("\\" + (letter.upper() if "NOT" in name else letter))
        return {char for char in self._alphabet if pattern.match(char)} | self._others

    def _all_characters(self, items: Iterable[Item]) -> set[str]:
        found: set[str] = set()
        for kind, argument in items:
            if kind in _ONE_CHARACTER:
                found |= self._characters((kind, argument))
            elif kind in _REPEATS:
                found |= self._all_characters(_flat(argument[2]))
            elif kind is constants.BRANCH:
                found |= set().union(*(self._all_characters(_flat(branch)) for branch in argument[1]))
        return found

    def _first(self, items: list[Item]) -> set[str] | None:
        """Return the characters with which a sequence can begin; None where it may be empty."""
        for kind, argument in items:
            if kind in _ONE_CHARACTER:
                return self._characters((kind, argument))
            if kind in _REPEATS and argument[0] > 0:
                return self._first(list(_flat(argument[2])))
            if kind is not constants.AT:
                return None
        return None


def _varies(least: int, most: Any) -> bool:
    return int(most) - int(least) > _FEW


def _flat(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items of a sequence; a group's stand in its place."""
    for kind, argument in items:
        if kind in _GROUPS:
            yield from _flat(argument[-1] if kind is constants.SUBPATTERN else argument)
        else:
            yield kind, argument

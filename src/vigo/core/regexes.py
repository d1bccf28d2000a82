"""Which regular expressions Python's engine gets through quickly, whatever hostname it is held against.

The engine tries one way after the other. Where two repeats can part the same characters between them, the ways
multiply: `(a+)+$` against forty letters takes days. Repeats are accepted where what stands between them tells them
apart.
"""

from collections.abc import Iterable, Iterator
from re import _constants as constants  # type: ignore[attr-defined] # the parser's own words; re has no public ones
from re import _parser as parser  # type: ignore[attr-defined] # the same
from typing import Any, Final

from vigo.core.errors import InvalidError

_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789-_."
"""What a hostname is made of."""

MOST_REPEATS_IN_A_ROW: Final = 3
"""Repeats that can take each other's characters: three of them take some milliseconds for the longest hostname."""

_FEW: Final = 8
_ONE_CHARACTER: Final = {constants.LITERAL, constants.NOT_LITERAL, constants.ANY, constants.IN, constants.CATEGORY}
_REPEATS: Final = {constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT}
_GROUPS: Final = {constants.SUBPATTERN, constants.ATOMIC_GROUP}

Item = tuple[Any, Any]


def check_speed(expression: str) -> None:
    """Accept a regular expression that is well-formed and quick.

    Raises:
        InvalidError: it may try very many ways, or looks ahead, behind or back, which makes that unknowable.
    """
    _check(_flat(parser.parse(expression)), set())


def _check(items: Iterable[Item], taken: set[str], row: int = 0) -> tuple[set[str], int]:
    """Return the characters that the repeats in a row can take, and how many repeats these are."""
    for kind, argument in items:
        if kind in _ONE_CHARACTER:
            # One that no repeat before it can take ends the row: they cannot reach beyond it.
            taken, row = (taken, row) if taken & _characters((kind, argument)) else (set(), 0)
        elif kind in _REPEATS:
            least, most, body = argument
            mine = _all_characters(_flat(body))
            if _varies(least, most):
                is_apart = least > 0 and not taken & mine
                row, taken = (1, mine) if is_apart else (row + 1, taken | mine)
                if row > MOST_REPEATS_IN_A_ROW:
                    raise InvalidError(
                        f"expected at most {MOST_REPEATS_IN_A_ROW} repeats such as `.*` that can take each other's"
                        " characters, found more; a glob such as `*web*prod*` has no such limit, and `[^.]*` stands for"
                        " what lies between two dots"
                    )
            else:
                taken, row = _check(_flat(body), taken, row)
            if most > 1:
                _check_repeated(list(_flat(body)))
        elif kind is constants.BRANCH:
            ends = [_check(_flat(branch), set(taken), row) for branch in argument[1]]
            taken, row = set().union(*(one[0] for one in ends)), max(one[1] for one in ends)
        elif kind is not constants.AT:
            raise InvalidError("expected no look-ahead, look-behind or back-reference, found one; write what is there")
    return taken, row


def _check_repeated(body: list[Item]) -> None:
    """Refuse what a repeat repeats, if the same text can be more than one round, or one round in two ways."""
    _check(body, set())
    for kind, argument in body:
        if kind is constants.BRANCH:
            firsts = [_first(list(_flat(branch))) for branch in argument[1]]
            known = [one for one in firsts if one is not None]
            if len(known) < len(firsts) or sum(len(one) for one in known) > len(set().union(*known)):
                raise InvalidError(
                    "expected alternatives that begin with different characters inside a repeat, found others; write a"
                    " set such as `[a-z0-9]`, or take them out of the repeat"
                )
    varying = [argument[2] for kind, argument in body if kind in _REPEATS and _varies(*argument[:2])]
    inner = set().union(*(_all_characters(_flat(one)) for one in varying))
    if not inner:
        return
    ends = [one for one in (body[0], body[-1]) if one[0] in _ONE_CHARACTER]
    if not any(inner.isdisjoint(_characters(one)) for one in ends):
        raise InvalidError(
            "expected a repeat inside a repeat to be told apart by a character before or behind it, such as the dot in"
            r" `([a-z]+\.)*`, found none; write one repeat"
        )


def _varies(least: int, most: Any) -> bool:
    return int(most) - int(least) > _FEW


def _flat(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items of a sequence; a group's stand in its place."""
    for kind, argument in items:
        if kind in _GROUPS:
            yield from _flat(argument[-1] if kind is constants.SUBPATTERN else argument)
        else:
            yield kind, argument


def _characters(item: Item) -> set[str]:
    """Return the characters of a hostname that one item can stand for."""
    kind, argument = item
    if kind is constants.ANY:
        return set(_ALPHABET)
    if kind is constants.LITERAL:
        return {chr(argument).lower()}
    if kind is constants.NOT_LITERAL:
        return set(_ALPHABET) - {chr(argument).lower()}
    if kind is constants.CATEGORY:
        return _of_category(argument)
    found: set[str] = set()
    for one, value in argument:
        if one is constants.RANGE:
            found |= {char for char in _ALPHABET if _is_within(char, value)}
        elif one is not constants.NEGATE:
            found |= _characters((one, value))
    return set(_ALPHABET) - found if argument[0][0] is constants.NEGATE else found


def _is_within(char: str, limits: tuple[int, int]) -> bool:
    return any(limits[0] <= ord(one) <= limits[1] for one in (char, char.upper()))


def _of_category(category: Any) -> set[str]:
    name = str(category)
    if name.endswith("SPACE"):
        found = set(_ALPHABET) if "NOT" in name else set()
    else:
        digits = set("0123456789")
        found = digits if name.endswith("DIGIT") else set(_ALPHABET) - set("-.")
        found = set(_ALPHABET) - found if "NOT" in name else found
    return found


def _all_characters(items: Iterable[Item]) -> set[str]:
    found: set[str] = set()
    for kind, argument in items:
        if kind in _ONE_CHARACTER:
            found |= _characters((kind, argument))
        elif kind in _REPEATS:
            found |= _all_characters(_flat(argument[2]))
        elif kind is constants.BRANCH:
            found |= set().union(*(_all_characters(_flat(branch)) for branch in argument[1]))
    return found


def _first(items: list[Item]) -> set[str] | None:
    """Return the characters with which a sequence can begin; None where it may be empty."""
    for kind, argument in items:
        if kind in _ONE_CHARACTER:
            return _characters((kind, argument))
        if kind in _REPEATS and argument[0] > 0:
            return _first(list(_flat(argument[2])))
        if kind is not constants.AT:
            return None
    return None

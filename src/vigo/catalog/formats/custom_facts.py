"""Facts that an operator's program prints or file holds: JSON or `key=value` lines. Pure: text in, values out.

Whatever they say is data. It travels as it is, and is no template and no name of Vigo's own.
"""

import json
import math
import re
from typing import Any, Final

from vigo.core.errors import InvalidError, TooLargeError

MOST_BYTES: Final = 32 * 1024
"""How much one program or file may tell. It is less than what is kept of a program's output."""

_IDENTIFIER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_FILE: Final = re.compile(r"(?:[0-9]{1,6}[-_])?(?P<name>[^.]+)(?:\.[A-Za-z0-9]{1,10})?")
_DEEPEST: Final = 16
_MOST_VALUES: Final = 2000
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


def name_of_file(file: str) -> str:
    """Return the name by which templates know what a file tells: without digits for its order and without an ending.

    Raises:
        InvalidError: no template could write such a name.
    """
    found = _FILE.fullmatch(file)
    if found is None or not _IDENTIFIER.fullmatch(found["name"]):
        raise InvalidError(
            "expected a name of letters, digits and `_` that begins with a letter, such as rack.txt or 10-rack.sh;"
            " rename it"
        )
    return found["name"]


def parse_facts(text: str) -> dict[str, Any]:
    """Return the facts by name: of a JSON object where the text begins with a brace, else of `key=value` lines.

    Raises:
        InvalidError: it is neither, or has a name twice, or a value that cannot travel.
        TooLargeError: it is longer than 32 KiB, or holds more than 2,000 values.
    """
    size_bytes = len(text.encode(errors="replace"))
    if size_bytes > MOST_BYTES:
        raise TooLargeError(f"expected at most {MOST_BYTES} bytes, found {size_bytes}; tell less")
    return _of_json(text) if text.lstrip()[:1] in ("{", "[") else _of_lines(text)


def _of_json(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, object_pairs_hook=_map_of)
    except (ValueError, RecursionError) as error:
        raise InvalidError(f"expected JSON, found {error or 'more depth than can be read'}; correct it") from error
    if not isinstance(value, dict):
        raise InvalidError('expected a JSON object, found a list; give it a name, such as {"all": [...]}')
    for name in value:
        _check_name(name, "the object")
    _check_values(value)
    return value


def _map_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidError("expected each name once in a map, found one again; remove one")
    return found


def _of_lines(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        if not equals:
            raise InvalidError(f"line {number}: expected key=value, found none; or print a JSON object")
        name = key.strip()
        _check_name(name, f"line {number}")
        if name in found:
            raise InvalidError(f"line {number}: expected each name once, found one again; remove one")
        found[name] = value.strip()
    _check_values(found)
    return found


def _check_name(name: str, place: str) -> None:
    # What is no name may be part of a secret, so it is not shown.
    if not _IDENTIFIER.fullmatch(name):
        raise InvalidError(
            f"{place}: expected names of at most 64 letters, digits and `_` that begin with a letter, found another;"
            " rename it, or put it into a map"
        )


def _check_values(facts: dict[str, Any]) -> None:
    """Accept what every encoding can carry: bounded, no endless number, no half of a character."""
    waiting: list[tuple[Any, int]] = [(facts, 0)]
    count = 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if count > _MOST_VALUES:
            raise TooLargeError(f"expected at most {_MOST_VALUES} values, found more; tell less")
        if depth > _DEEPEST:
            raise InvalidError(f"expected at most {_DEEPEST} maps and lists in each other, found more")
        if isinstance(value, dict):
            waiting += [(one, depth + 1) for one in (*value, *value.values())]
        elif isinstance(value, list):
            waiting += [(one, depth + 1) for one in value]
        else:
            _check_one(value)


def _check_one(value: Any) -> None:
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InvalidError(r"expected whole characters, found half of one (\ud800 to \udfff)") from error
    elif isinstance(value, int) and not _SMALLEST <= value <= _LARGEST:
        raise InvalidError("expected whole numbers of 64 bits, found a larger one; write it as text")
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidError("expected numbers, found one without end; write it as text")

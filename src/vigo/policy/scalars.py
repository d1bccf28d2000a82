"""What a scalar means: untyped by the core schema of YAML 1.2, or by the type that a field asks for."""

import math
import re
from datetime import timedelta
from typing import Final

from vigo.core.errors import InvalidError
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence

LEAST_INTEGER: Final = -(2**63)
GREATEST_INTEGER: Final = 2**64 - 1
"""What MessagePack can carry. Source: the MessagePack specification."""

_INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL: Final = re.compile(r"(?P<infinity>[-+]?\.(inf|Inf|INF))|\.(nan|NaN|NAN)")
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(_NULLS),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_BOOLEAN_WORDS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
OLD_BOOLEANS: Final = _BOOLEAN_WORDS.keys() - {"true", "false"}
"""Words that YAML 1.1 took for booleans and YAML 1.2 takes for text."""

_MOST_DIGITS: Final = 25
_DURATION: Final = re.compile(r"([0-9]{1,6})(s|m|h|d)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def is_null(node: Node) -> bool:
    """Return whether a value was left out or written as null."""
    return isinstance(node, Scalar) and node.style == "plain" and node.text in _NULLS


def untyped(scalar: Scalar) -> str | int | float | bool | None:
    """Return the value of a scalar that no schema gives a type. Source: YAML 1.2.2, section 10.3.

    Raises:
        InvalidError: it is a number that is too large.
    """
    text = scalar.text
    if scalar.style != "plain":
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) or _FLOAT.fullmatch(text):
        try:
            return integer(text) if _INTEGER.fullmatch(text) else _finite(text)
        except InvalidError as error:
            raise InvalidError(f"{error}; quote it if it is text") from error
    if special := _SPECIAL.fullmatch(text):
        return float(text.replace(".", "")) if special["infinity"] else math.nan
    return text


def integer(text: str) -> int:
    """Return a whole number: decimal, 0o17 or 0x1f.

    Raises:
        InvalidError: it is none, or has more than 64 bits.
    """
    if not _INTEGER.fullmatch(text):
        raise InvalidError(f"expected a whole number, found {_short(text)}")
    value = None
    if len(text) <= _MOST_DIGITS:
        value = int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if value is None or not LEAST_INTEGER <= value <= GREATEST_INTEGER:
        raise InvalidError(f"expected a number of at most 64 bits, found {_short(text)}")
    return value


def number(text: str) -> float:
    """Return a number with or without a fraction.

    Raises:
        InvalidError: it is none.
    """
    if not _FLOAT.fullmatch(text):
        raise InvalidError(f"expected a number, found {_short(text)}")
    return _finite(text)


def boolean(text: str) -> bool:
    """Return the value of true, yes, on, false, no or off.

    Raises:
        InvalidError: it is none of these words.
    """
    value = _BOOLEAN_WORDS.get(text.lower())
    if value is None:
        raise InvalidError(f"expected true or false, found {_short(text)}")
    return value


def duration(text: str) -> timedelta:
    """Return the duration in a text such as 30s, 5m, 12h or 1d.

    Raises:
        InvalidError: it is none, or nothing.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None or int(match[1]) == 0:
        unit = " without a unit" if text.strip().isdecimal() else ""
        raise InvalidError(f"expected a duration such as 30s, 5m or 1h, found {_short(text)}{unit}")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def described(node: Node) -> str:
    """Return what a value is, for a message."""
    if isinstance(node, Mapping):
        return "a map"
    if isinstance(node, Sequence):
        return "a list"
    return "nothing" if is_null(node) else _short(node.text)


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise InvalidError(f"expected a number that a computer can hold, found {_short(text)}")
    return value


def _short(text: str) -> str:
    longest = 60
    return repr(text if len(text) <= longest else text[:longest] + "...")

"""What a scalar of YAML says to every reader, and how a value is written so that every reader agrees.

Programs read YAML by version 1.1 or by 1.2, in which `yes`, 0755, 1:30 and 2024-01-31 are other things. What they do
not agree on is no value here. Source: YAML 1.1 (https://yaml.org/type/), YAML 1.2.2 section 10.3.
"""

import json
import math
import re
from typing import Any, Final

import msgspec
import yaml

from vigo.core.errors import InvalidError

_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,399})")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]{1,300}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+][0-9]+)?")
# Numbers of 1.2 alone.
_NEW_NUMBER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Final[dict[str, bool | float | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_PLAIN: Final = re.compile(r"[\w/.][\w/.@+%-]*(:[\w/.@+%-]+)*( [\w/.@+%-]+)*")
_PLAIN_IN_FLOW: Final = re.compile(r"[\w/.][\w/.@+%-]*")
_TO_ESCAPE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_BMP: Final = 0xFFFF
_TEXT_TAG: Final = "tag:yaml.org,2002:str"
_RESOLVER: Final = yaml.resolver.Resolver()


class OddScalar(msgspec.Struct, frozen=True):
    """A scalar that readers do not agree on, or that has a tag of its own; equal only to one that is written so."""

    text: str
    tag: str = ""


def scalar_value(node: yaml.ScalarNode) -> Any:
    """Return what a scalar says: a text, number, true, false or None, or an `OddScalar`."""
    text: str = node.value
    is_plain = node.style in (None, "")
    implied = _implied_tag(text, is_plain=is_plain)
    if node.tag != implied:
        return OddScalar(text, node.tag)
    return plain_value(text) if is_plain else text


def plain_value(text: str) -> Any:
    """Return what a scalar without quotes and tag says."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    is_text = _implied_tag(text, is_plain=True) == _TEXT_TAG
    return text if is_text and not _NEW_NUMBER.fullmatch(text) else OddScalar(text)


def written_scalar(value: Any, style: str | None = None, *, in_flow: bool = False) -> str:
    """Return a value as it is written: texts without quotes where nobody takes them for something else.

    Raises:
        InvalidError: it is a text that YAML cannot hold.
    """
    if isinstance(value, str):
        return _written_text(value, style, in_flow=in_flow)
    if isinstance(value, OddScalar):
        return value.text if not value.tag else f"!<{value.tag}> {_quoted(value.text)}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    mantissa, mark, exponent = repr(value).partition("e")
    return mantissa + ("" if "." in mantissa or not mark else ".0") + mark + exponent


def _implied_tag(text: str, *, is_plain: bool) -> str:
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, text, (is_plain, not is_plain))  # type: ignore[no-untyped-call]
    return tag


def _written_text(text: str, style: str | None, *, in_flow: bool) -> str:
    plain = _PLAIN_IN_FLOW if in_flow else _PLAIN
    if style not in ("'", '"') and plain.fullmatch(text) and plain_value(text) == text:
        return text
    if style == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return _quoted(text)


def _quoted(text: str) -> str:
    """Return a text in double quotes: JSON is nearly YAML, but for a few characters that YAML does not print."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidError("value: expected Unicode text, found bytes of another encoding; YAML cannot hold them")
    written = json.dumps(text, ensure_ascii=False)
    return _TO_ESCAPE.sub(lambda found: f"\\u{ord(found[0]):04x}", written)

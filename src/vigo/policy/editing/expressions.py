"""The code in a template or condition at a place: what is written before the place, and the name around it."""

import re
from typing import Final, Literal

import msgspec

from vigo.policy.editing.cursor import Cursor, Path
from vigo.policy.editing.texts import Span
from vigo.policy.schemas.pages import schema_for

Expects = Literal["name", "filter", "test", "nothing"]

_OPENING: Final = re.compile(r"\{\{|\{%|\{#")
_CLOSING: Final = {"{{": "}}", "{%": "%}", "{#": "#}"}
_QUOTED: Final = re.compile(r"'[^']*+'|\"[^\"]*+\"")
_DOTTED: Final = re.compile(r"(?<![\w.\])])((?:[A-Za-z_]\w*\.)*)([A-Za-z_]\w*)?\Z")
_AFTER_BAR: Final = re.compile(r"(?<!\|)\|\s*\w*\Z")
_AFTER_IS: Final = re.compile(r"\bis\s+(?:not\s+)?\w*\Z")
_WORD_BEHIND: Final = re.compile(r"\w*")
_STATEMENT: Final = re.compile(r"\s*[-+]?\s*\w*$")
_LONGEST: Final = 500
_CONDITIONS: Final = {
    "configcrate": (("resources", None, "when"),),
    "roles": (("roles", "*", "case", None, "when"),),
}


class Code(msgspec.Struct, frozen=True):
    """Code at a place: what may come there; the names before the last dot; and the span of the name itself.

    `is_start` says that the place is the first word behind `{%`.
    """

    expects: Expects
    owner: tuple[str, ...]
    span: Span
    is_start: bool = False


def is_condition(file: str, path: Path) -> bool:
    """Return whether the value at a path is an expression, without braces."""
    return any(fits(path, pattern) for pattern in _CONDITIONS.get(schema_for(file) or "", ()))


def fits(path: Path, pattern: Path) -> bool:
    """Return whether a path is one of a pattern, in which `*` stands for any key."""
    if len(path) != len(pattern):
        return False
    return all(one == step or (one == "*" and step is not None) for step, one in zip(path, pattern, strict=True))


def code_at(file: str, cursor: Cursor) -> Code | None:
    """Return the code at a place of a document, or None where no code is."""
    if not cursor.is_value:
        return None
    if is_condition(file, cursor.path):
        return _code(cursor.content, cursor.start, cursor.offset, is_statement=False)
    return code_in(cursor.content, cursor.start, cursor.offset)


def code_in(content: str, start: int, offset: int) -> Code | None:
    """Return the code at a place of a template that begins at `start`, or None between its tags."""
    place = start
    while (opening := _OPENING.search(content, place, offset)) is not None:
        closing = content.find(_CLOSING[opening[0]], opening.end(), offset)
        if closing < 0:
            if opening[0] == "{#":
                return None
            return _code(content, opening.end(), offset, is_statement=opening[0] == "{%")
        place = closing + 2
    return None


def _code(content: str, start: int, offset: int, *, is_statement: bool) -> Code | None:
    """Return the code between an opening and a place; None inside of a quoted text."""
    before = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), content[max(start, offset - _LONGEST) : offset])
    if "'" in before or '"' in before:
        return None
    dotted = _DOTTED.search(before)
    begin = offset - len((dotted[2] or "") if dotted else _last_word(before))
    behind = _WORD_BEHIND.match(content, offset)
    span = Span(begin, offset if behind is None else behind.end())
    if _AFTER_BAR.search(before):
        return Code("filter", (), span)
    if _AFTER_IS.search(before):
        return Code("test", (), span)
    if dotted is None:
        return Code("nothing", (), span)
    is_start = is_statement and offset - start <= _LONGEST and _STATEMENT.fullmatch(before) is not None
    return Code("name", tuple(dotted[1].split(".")[:-1]), span, is_start)


def _last_word(text: str) -> str:
    place = len(text)
    while place > 0 and (text[place - 1].isalnum() or text[place - 1] == "_"):
        place -= 1
    return text[place:]

"""JSON as text, edited at one place: everything else stays byte for byte. Source: RFC 8259."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from vigo.catalog.formats.pointers import Path
from vigo.core.errors import InvalidError

_MOST_DIGITS: Final = 400
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_STEP: Final = re.compile(r"[{\[][ \t]*\n([ \t]+)\S")
# Halves of a pair that a file may hold as escapes; those left out stand for bytes of it that are no text.
_HALF_PAIR: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_BYTE_ORDER_MARK: Final = "\ufeff"
_USUAL_STEP: Final = "  "


class JsonFormat:
    """JSON without comments. A text of blanks alone counts as null: a file that is yet to be written."""

    name = "JSON"

    def read(self, text: str) -> Any:
        """Return the document.

        Raises:
            InvalidError: it is not JSON, or has a name twice in one map.
        """
        start = _start(text)
        if start == len(text):
            return None
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            raise InvalidError(f"expected JSON, found {error or 'more depth than can be read'}; correct it") from error
        if _skipped(text, end) != len(text):
            line = text.count("\n", 0, end) + 1
            raise InvalidError(f"expected one JSON value, found more behind it in line {line}; correct it")
        return value

    def check(self, value: Any) -> None:
        """Accept a value without infinity.

        Raises:
            InvalidError: there is one in it.
        """
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidError(f"value: expected a number that JSON can hold, found {value}; write it as text")
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
            self.check(one)

    def replaced(self, text: str, path: Path, value: Any) -> str:
        """Return the text with another value at a path, laid out as the old one was."""
        start, end = _span(text, path)
        if start == len(text):
            return text + _dumped(value, _USUAL_STEP, "") + "\n"
        style = _style(text)
        is_one_line = text[start] in "{[" and "\n" not in text[start:end] and end - start > len("{}")
        written = style.inline(value) if is_one_line else style.written(value, _indent_at(text, start))
        return text[:start] + written + text[end:]

    def inserted(self, text: str, path: Path, key: str, value: Any) -> str:
        """Return the text with one more member or item behind the last one."""
        start, end = _span(text, path)
        members, style = list(_members(text, start)), _style(text)
        name = f"{_dumped(key, None, '')}{style.colon}" if text[start] == "{" else ""
        own = _indent_at(text, start)
        if not members:
            if style.step is None:
                inner = name + style.inline(value)
            else:
                inner = f"\n{own}{style.step}{name}{style.written(value, own + style.step)}\n{own}"
            return text[: start + 1] + inner + text[end - 1 :]
        last = members[-1]
        if "\n" in text[start : members[0].start]:
            indent = _indent_at(text, members[0].start)
            inner = f",\n{indent}{name}{style.written(value, indent)}"
        else:
            inner = style.comma + name + style.inline(value)
        return text[: last.end] + inner + text[last.end :]

    def removed(self, text: str, path: Path) -> str:
        """Return the text without a member and its comma."""
        start, end = _span(text, path[:-1])
        members = list(_members(text, start))
        index = next(index for index, member in enumerate(members) if member.key == path[-1])
        if len(members) == 1:
            return text[: start + 1] + text[end - 1 :]
        if index + 1 < len(members):
            return text[: members[index].start] + text[members[index + 1].start :]
        return text[: members[index - 1].end] + text[members[index].end :]

    def packed(self, value: Any) -> str:
        """Return the value as JSON."""
        return _dumped(value, None, "")

    def unpacked(self, text: str) -> Any:
        """Return the value of a JSON text."""
        return self.read(text)


class _Member(NamedTuple):
    """A member of a map or an item of a list: where it starts, its value starts, and both end."""

    key: str
    start: int
    value: int
    end: int


class _Style(NamedTuple):
    """How a text is laid out. `step` is None where all of it is in one line."""

    step: str | None
    comma: str
    colon: str

    def inline(self, value: Any) -> str:
        return _json(value, None, self.comma, self.colon)

    def written(self, value: Any, indent: str) -> str:
        return self.inline(value) if self.step is None else _dumped(value, self.step, indent, self.colon)


def _style(text: str) -> _Style:
    bare = text.strip(" \t\r\n" + _BYTE_ORDER_MARK)
    if "\n" in bare or bare in ("{}", "[]"):
        found = _STEP.search(text)
        step = found[1].removeprefix(_indent_at(text, found.start())) if found else _USUAL_STEP
        return _Style(step or _USUAL_STEP, ", ", ": ")
    is_tight = re.search(r'":[^ ]', bare) is not None or re.fullmatch(r'[^"]*,[^ "].*', bare) is not None
    return _Style(None, *((",", ":") if is_tight else (", ", ": ")))


def _dumped(value: Any, step: str | None, indent: str, colon: str = ": ") -> str:
    # Text has no line feeds of its own in JSON, so each is one of the layout.
    return _json(value, step, ", " if step is None else ",", colon).replace("\n", "\n" + indent)


def _json(value: Any, step: str | None, comma: str, colon: str) -> str:
    text = json.dumps(value, indent=step, ensure_ascii=False, separators=(comma, colon))
    return _HALF_PAIR.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _span(text: str, path: Path) -> tuple[int, int]:
    start = _start(text)
    if start == len(text):
        return start, start
    for token in path:
        members = _members(text, start)
        is_map = text[start] == "{"
        start = next(one.value for index, one in enumerate(members) if (one.key if is_map else str(index)) == token)
    return start, _decoded(text, start)[1]


def _members(text: str, start: int) -> Iterator[_Member]:
    is_map, place = text[start] == "{", _skipped(text, start + 1)
    while text[place] not in "}]":
        key, value = "", place
        if is_map:
            key, end = _decoded(text, place)
            value = _skipped(text, _skipped(text, end) + 1)
        _, end = _decoded(text, value)
        yield _Member(key, place, value, end)
        place = _skipped(text, end)
        if text[place] == ",":
            place = _skipped(text, place + 1)


def _decoded(text: str, start: int) -> tuple[Any, int]:
    return _DECODER.raw_decode(text, start)


def _start(text: str) -> int:
    return _skipped(text, 1 if text.startswith(_BYTE_ORDER_MARK) else 0)


def _skipped(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return place if found is None else found.end()


def _indent_at(text: str, place: int) -> str:
    """Return the blanks at the start of the line in which a place is."""
    line = text[text.rfind("\n", 0, place) + 1 : place]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _map_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice[:60]!r} twice in one map")
    return found


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _refuse(word: str) -> Any:
    raise ValueError(f"the word {word}")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_map_of, parse_int=_integer, parse_constant=_refuse, strict=True)

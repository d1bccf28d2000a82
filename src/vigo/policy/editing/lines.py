"""One line of a `.vgo` file, read alone: which items and key begin in it. What is half-written is no error here."""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

_ITEMS: Final = re.compile(r" *((?:-(?: +|(?=[\r\n]|$)))*)")
_QUOTED_KEY: Final = re.compile(r"(\"(?:\\.|[^\"\\\n])*+\"|'(?:''|[^'\n])*+') *+:(?=\s|$)")
_NO_PLAIN_KEY: Final = frozenset(",[]{}#&*!|>'\"%@` \r\n\t")
_COLON: Final = re.compile(r":(?=\s|$)")
_COMMENT: Final = re.compile(r"[ \t]#")
_PROPERTIES: Final = re.compile(r"(?:[&!][^\s,\[\]{}]*[ ]+)*")
_BLOCK_HEADER: Final = re.compile(r"[|>][-+0-9]{0,2}[ ]*(?:#.*)?\r?$")
_MOST_LINES: Final = 100_000
"""How many lines above or below a place are looked at: the time that this takes is felt while one types."""


class Line(msgspec.Struct, frozen=True):
    """A line: offsets of its start and end, the columns of the items that begin in it, its key, and what follows.

    `column` is where the key or, without one, the value begins. `value` is the offset of what follows the key, or the
    dashes where there is no key.
    """

    start: int
    end: int
    items: tuple[int, ...]
    column: int
    key: str | None
    key_end: int
    value: int

    @property
    def indent(self) -> int:
        """The column of the first that stands in it."""
        return self.items[0] if self.items else self.column


def line_at(content: str, offset: int) -> Line:
    """Return the line that an offset is in."""
    start = _start(content, offset)
    end = content.find("\n", offset)
    return read_line(content, start, len(content) if end < 0 else end)


def read_line(content: str, start: int, end: int) -> Line:
    """Return the line between two offsets."""
    lead = _ITEMS.match(content, start, end)
    assert lead is not None  # noqa: S101 - the pattern fits every text
    items = tuple(lead.start(1) + dash.start() - start for dash in re.finditer("-", lead[1]))
    begin = lead.end()
    key, key_end, behind = _key(content, begin, end)
    while key is not None and behind < end and content[behind] == " ":
        behind += 1
    return Line(start, end, items, begin - start, key, key_end, _behind_properties(content, behind, end))


def _key(content: str, begin: int, end: int) -> tuple[str | None, int, int]:
    """Return the key that begins at an offset, where it ends, and the offset behind its colon; or None."""
    quoted = _QUOTED_KEY.match(content, begin, end)
    if quoted is not None:
        return unquoted(quoted[1]), quoted.end(1), quoted.end()
    colon = None if begin == end or content[begin] in _NO_PLAIN_KEY else _COLON.search(content, begin, end)
    if colon is None or colon.start() == begin or _COMMENT.search(content, begin, colon.start()):
        return None, begin, begin
    key = content[begin : colon.start()].rstrip()
    return key, begin + len(key), colon.end()


def is_blank(content: str, line: Line) -> bool:
    """Return whether nothing but a comment stands in a line."""
    text = content[line.start : line.end].lstrip()
    return not text or text.startswith("#")


def begins_block_scalar(content: str, line: Line) -> bool:
    """Return whether the lines below, as far as they are indented, are one text."""
    return _BLOCK_HEADER.match(content, line.value, line.end) is not None


def lines_above(content: str, line: Line, most_indent: int) -> Iterator[Line]:
    """Yield the lines above that say something and stand at most so far to the right, the nearest first."""
    end = line.start - 1
    for _ in range(_MOST_LINES):
        if end < 0:
            return
        first = start = _start(content, end)
        while first < end and content[first] == " ":
            first += 1
        if first - start <= most_indent and first < end and content[first] not in "#\r":
            yield read_line(content, start, end)
        end = start - 1


def lines_below(content: str, line: Line) -> Iterator[Line]:
    """Yield the lines below that say something, the nearest first."""
    start = line.end + 1
    for _ in range(_MOST_LINES):
        if start > len(content):
            return
        end = content.find("\n", start)
        end = len(content) if end < 0 else end
        found = read_line(content, start, end)
        if not is_blank(content, found):
            yield found
        start = end + 1


def value_text(content: str, line: Line) -> str:
    """Return the single value that stands behind a key, without quotes and comment; the start of one that is longer."""
    text = content[line.value : line.end].strip()
    if text[:1] in ("'", '"'):
        closing = text.find(text[0], 1)
        return text[1:closing] if closing > 0 else text[1:]
    return "" if text.startswith("#") else text.partition(" #")[0].rstrip()


def unquoted(text: str) -> str:
    """Return what a quoted text says, escapes left as they are."""
    return text[1:-1].replace("''", "'") if text.startswith("'") else text[1:-1]


def _start(content: str, offset: int) -> int:
    """Return where the line of an offset begins; a byte order mark is no part of it."""
    start = content.rfind("\n", 0, offset) + 1
    return 1 if start == 0 and offset > 0 and content.startswith("\ufeff") else start


def _behind_properties(content: str, start: int, end: int) -> int:
    """Return the offset behind an anchor, which stands before the value that it names."""
    found = _PROPERTIES.match(content, start, end)
    return start if found is None else found.end()

"""A text as an editor counts it, as the compiler counts it, and as Python does.

Inside this package a place is an offset: the number of characters before it. An editor ends lines at LF, CR LF and CR
and counts columns in the units of an encoding, by default UTF-16. The compiler ends lines where YAML 1.1 does and knows
no byte order mark. Source: Language Server Protocol 3.17, "Position"; YAML 1.1, section 4.1.4.
"""

import re
from bisect import bisect_right
from functools import cached_property
from typing import Final, Literal, NamedTuple

from vigo.policy.diagnostics import LINE_BREAK

Units = Literal["utf-8", "utf-16", "utf-32"]
"""What an editor counts columns in."""

_LINE_END: Final = re.compile("\r\n|\n|\r")
_BOM: Final = "\ufeff"
_BYTES: Final = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


class Position(NamedTuple):
    """A place as an editor names it; both count from 0."""

    line: int
    character: int


class Span(NamedTuple):
    """A part of a text, from an offset to the one behind it."""

    start: int
    end: int


class Text:
    """A text in which places are translated. No place is refused: what lies outside is taken for the nearest inside."""

    def __init__(self, content: str) -> None:
        self.content = content

    @classmethod
    def of(cls, content: bytes) -> "Text":
        """Return the text in a file; what is no UTF-8 is replaced."""
        return cls(content.decode("utf-8", errors="replace"))

    def offset(self, position: Position, units: Units = "utf-16") -> int:
        """Return the offset of an editor's place. A place inside of a character counts as the one before it."""
        if position.line < 0:
            return 0
        if position.line >= len(self._lines):
            return len(self.content)
        line = self.line_at(self._lines[position.line])
        encoding, size = _BYTES[units]
        encoded = self.content[line.start : line.end].encode(encoding, errors="surrogatepass")
        return line.start + len(encoded[: max(position.character, 0) * size].decode(encoding, errors="ignore"))

    def position(self, offset: int, units: Units = "utf-16") -> Position:
        """Return an offset as an editor's place."""
        offset = min(max(offset, 0), len(self.content))
        line = bisect_right(self._lines, offset) - 1
        encoding, size = _BYTES[units]
        before = self.content[self._lines[line] : offset].encode(encoding, errors="surrogatepass")
        return Position(line, len(before) // size)

    def place(self, line: int, column: int) -> int:
        """Return the offset of a place of the compiler, whose line and column count from 1."""
        if line < 1:
            return 0
        if line > len(self._lines_of_yaml):
            return len(self.content)
        start = self._lines_of_yaml[line - 1]
        following = self._lines_of_yaml[line] if line < len(self._lines_of_yaml) else len(self.content)
        return min(start + max(column - 1, 0), following)

    def line_at(self, offset: int) -> Span:
        """Return the line that an offset is in, without its end."""
        offset = min(max(offset, 0), len(self.content))
        number = bisect_right(self._lines, offset) - 1
        end = _LINE_END.search(self.content, self._lines[number])
        return Span(self._lines[number], len(self.content) if end is None else end.start())

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(end.end() for end in _LINE_END.finditer(self.content))]

    @cached_property
    def _lines_of_yaml(self) -> list[int]:
        return [len(_BOM) if self.content.startswith(_BOM) else 0] + [
            end.end() for end in LINE_BREAK.finditer(self.content)
        ]

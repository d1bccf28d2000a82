"""What a place in a `.vgo` file belongs to.

A path leads from the root of a document to a value: the text of each key, and None for an item of a list.
"""

from typing import Final

import msgspec

from vigo.policy.editing.flow import Bracket, quote_end
from vigo.policy.editing.lines import Line, lines_above, lines_below, value_text
from vigo.policy.editing.texts import Span

Path = tuple[str | None, ...]

_FURTHEST: Final = 20_000


class Part(msgspec.Struct, frozen=True):
    """One step of a path, and where the map or list that it is a step of stands: in a column, or in a bracket."""

    step: str | None
    line: Line
    column: int
    bracket: Bracket | None = None


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """What is at a place.

    `parts` lead to the value that the place is in; where a key may begin, to the map that would hold it, and `inside`
    is where its keys stand. `span` is what a completion replaces. The value begins at `start`; `quote` is the sign that
    opened it. `has_colon` says that the key is written already.
    """

    content: str
    offset: int
    parts: tuple[Part, ...]
    span: Span
    start: int
    inside: Part
    is_key: bool = False
    is_value: bool = False
    quote: str = ""
    has_colon: bool = False
    is_in_brackets: bool = False
    is_block: bool = False

    @property
    def path(self) -> Path:
        """The steps from the root."""
        return tuple(part.step for part in self.parts)

    @property
    def word(self) -> str:
        """What stands where a completion would stand."""
        return self.content[self.span.start : self.span.end]

    @property
    def end(self) -> int:
        """The offset behind the value, as far as it can be told without reading very much."""
        if self.is_block:
            return _block_end(self.content, self.inside.line)
        if self.quote:
            limit = min(len(self.content), self.offset + _FURTHEST)
            end = quote_end(self.content, self.start - 1, limit)
            return limit if end is None else end
        return self.span.end

    def keys(self, depth: int) -> dict[str, str]:
        """Return the keys, with their single values, of the map to which so many first steps lead; none of a list."""
        part = self.parts[depth] if depth < len(self.parts) else self.inside
        if part.bracket is not None:
            return dict(part.bracket.entries)
        if depth < len(self.parts) and part.step is None:
            return {}
        return keys_around(self.content, part.line, part.column)


def keys_around(content: str, line: Line, column: int) -> dict[str, str]:
    """Return the keys, with their single values, of the map of a line whose keys stand in a column."""
    own = [line] if line.key is not None and line.column == column else []
    is_first = bool(line.items) and line.column == column
    above: list[Line] = []
    for other in lines_above(content, line, column) if not is_first else ():
        if other.column == column and other.key is not None:
            above.append(other)
        if other.indent < column:
            break
    below: list[Line] = []
    for other in lines_below(content, line):
        if other.indent < column:
            break
        if other.indent == column and other.key is not None and not other.items:
            below.append(other)
    return {one.key: value_text(content, one) for one in (*reversed(above), *own, *below) if one.key is not None}


def _block_end(content: str, header: Line) -> int:
    """Return the offset behind the lines of text that a line begins."""
    for line in lines_below(content, header):
        if line.indent <= header.indent:
            return line.start
    return len(content)

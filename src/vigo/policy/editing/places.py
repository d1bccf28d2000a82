"""Finding what a place belongs to, by text and indentation alone: so it is found while a line is half-written."""

import re
from typing import Final

from vigo.policy.editing.cursor import Cursor, Part, keys_around
from vigo.policy.editing.flow import Opened, opened_at, quote_end
from vigo.policy.editing.lines import Line, begins_block_scalar, is_blank, line_at, lines_above
from vigo.policy.editing.texts import Span
from vigo.policy.yaml_tree import DEEPEST

_END_IN_BRACKETS: Final = re.compile(r"[,\[\]{}\n\r]|:(?=[\s,}\]]|$)|(?<=[ \t])#")
_END_IN_LINE: Final = re.compile(r"[\n\r]|(?<=[ \t])#")
_COLON: Final = re.compile(r"[\"']?[ ]*+:(?=[\s,}\]]|$)")
_NAME: Final = re.compile(r"[^\s,\[\]{}:#'\"]*+")
_LONGEST_NAME: Final = 300
_COMMENT: Final = re.compile(r"(?:^|\s)#")
_TEMPLATES: Final = ("{{", "{%", "{#")


class _NothingError(Exception):
    """Nothing of the document is at the place: it is in a comment, behind a value, or deeper than a document may be."""


def cursor_at(content: str, offset: int) -> Cursor | None:
    """Return what is at an offset; None where nothing of the document is, as in a comment."""
    try:
        return _Finder(content, min(max(offset, 0), len(content))).find()
    except _NothingError:
        return None


class _Finder:
    def __init__(self, content: str, offset: int) -> None:
        self._content = content
        self._offset = offset
        self._line = line_at(content, offset)
        self._column = offset - self._line.start
        self._is_before_text = not content[self._line.start : offset].strip()

    def find(self) -> Cursor:
        own = self._own_parts()
        parts = [*self._parts_above(own), *own]
        if len(parts) > DEEPEST:
            raise _NothingError
        for number, part in enumerate(parts, 1):
            is_followed = number < len(parts) and parts[number].line.start == part.line.start
            if part.line.start != self._line.start and not is_followed:
                found = self._inside(parts[:number], part.line)
                if found is not None:
                    return found
        if own and own[-1].step is not None:
            return self._behind_key(parts) if self._offset > self._line.key_end else self._in_key(parts)
        return self._without_key(parts)

    def _own_parts(self) -> list[Part]:
        """Return the steps that begin in the line itself, not behind the place."""
        line = self._line
        parts = [Part(None, line, column) for column in line.items if column < self._column]
        if line.key is not None and line.column <= self._column:
            parts.append(Part(line.key, line, line.column))
        return parts

    def _parts_above(self, own: list[Part]) -> list[Part]:
        """Return the steps from the root that begin in lines above."""
        is_item = bool(own) and own[0].step is None
        bound = own[0].column if own else min(self._column, self._line.indent) if self._has_text() else self._column
        found: list[Part] = []
        for above in lines_above(self._content, self._line, bound):
            elements = [Part(None, above, column) for column in above.items]
            elements += [Part(above.key, above, above.column)] if above.key is not None else []
            for element in reversed(elements):
                # The dashes of a list may stand right below the key that it belongs to.
                is_its_key = is_item and element.step is not None and element.column == bound
                if element.column < bound or is_its_key:
                    found.append(element)
                    bound, is_item = element.column, element.step is None
            if bound == 0 and not is_item:
                break
        return found[::-1]

    def _has_text(self) -> bool:
        return not is_blank(self._content, self._line)

    def _inside(self, parts: list[Part], line: Line) -> Cursor | None:
        """Return what the place is where it is in a value that begins in a line above and does not end before."""
        if begins_block_scalar(self._content, line):
            start = min(line.end + 1, self._offset)
            return self._value(parts, self._name(), start, is_block=True)
        sign = self._content[line.value : line.value + 1]
        if sign in ("'", '"'):
            end = quote_end(self._content, line.value, len(self._content))
            is_inside = end is None or end >= self._offset
            return self._value(parts, self._name(), line.value + 1, quote=sign) if is_inside else None
        return self._in_brackets(parts, line)

    def _in_key(self, parts: list[Part]) -> Cursor:
        line, content = self._line, self._content
        start = line.start + line.column
        is_quoted = content[start] in "'\""
        span = Span(start + is_quoted, line.key_end - is_quoted)
        return Cursor(
            content=content,
            offset=self._offset,
            parts=tuple(parts[:-1]),
            span=span,
            start=span.start,
            inside=parts[-1],
            is_key=True,
            has_colon=True,
        )

    def _behind_key(self, parts: list[Part]) -> Cursor:
        between = self._content[self._line.key_end : self._offset]
        if ":" not in between:
            raise _NothingError
        return self._behind(parts)

    def _behind(self, parts: list[Part]) -> Cursor:
        """Return what the place is in the value that a key or a dash of its line begins."""
        content, line, offset = self._content, self._line, self._offset
        start = min(line.value, offset)
        sign = content[start] if start < offset else ""
        found = self._in_brackets(parts, line) if sign in ("{", "[") else None
        if found is not None:
            return found
        if sign in ("'", '"'):
            end = quote_end(content, start, line.end)
            if end is not None and end < offset:
                raise _NothingError
            return self._value(parts, Span(start + 1, line.end if end is None else end), start + 1, quote=sign)
        is_comment = sign == "#" or _COMMENT.search(content, start, offset)
        if is_comment or (sign in ("|", ">") and begins_block_scalar(content, line)):
            raise _NothingError
        stop = _text_end(content, _END_IN_LINE, start, line.end)
        return self._value(parts, Span(start, max(stop, offset)), start)

    def _without_key(self, parts: list[Part]) -> Cursor:
        """Return what the place is in a line that has no key before it."""
        line, offset = self._line, self._offset
        if self._is_before_text or offset < line.start + line.column:
            return self._bare(parts, Span(offset, offset), self._column)
        if is_blank(self._content, line):
            raise _NothingError
        found = self._behind(parts)
        continues = bool(parts) and parts[-1].line.start != line.start and self._begins_text(parts[-1])
        if found.is_in_brackets or found.quote or continues:
            return found
        return self._bare(parts, found.span, line.column)

    def _bare(self, parts: list[Part], span: Span, column: int) -> Cursor:
        """Return a place where a key may begin; a value may too, unless the map has other keys."""
        has_keys = bool(keys_around(self._content, self._line, column))
        return Cursor(
            content=self._content,
            offset=self._offset,
            parts=tuple(parts),
            span=span,
            start=span.start,
            inside=Part(None, self._line, column),
            is_key=True,
            is_value=not has_keys,
        )

    def _begins_text(self, part: Part) -> bool:
        """Return whether a single value begins in the line of a step, behind the key or dash that it is."""
        line = part.line
        text = self._content[line.value : line.end].strip()
        return bool(text) and not text.startswith("#") and (part.step is not None or line.key is None)

    def _name(self) -> Span:
        """Return the name around the place: in a text of several lines that is what a completion replaces."""
        content, start = self._content, self._offset
        least = max(self._line.start, start - _LONGEST_NAME)
        while start > least and _NAME.match(content, start - 1, start).end() == start:  # type: ignore[union-attr]
            start -= 1
        behind = _NAME.match(content, self._offset, self._line.end)
        return Span(start, self._offset if behind is None else behind.end())

    def _value(self, parts: list[Part], span: Span, start: int, *, quote: str = "", is_block: bool = False) -> Cursor:
        return Cursor(
            content=self._content,
            offset=self._offset,
            parts=tuple(parts),
            span=span,
            start=start,
            inside=parts[-1] if parts else Part(None, self._line, 0),
            is_value=True,
            quote=quote,
            is_block=is_block,
        )

    def _in_brackets(self, parts: list[Part], line: Line) -> Cursor | None:
        """Return what the place is in the brackets that a line begins; None where they are closed before it."""
        content = self._content
        if content[line.value : line.value + 1] not in ("{", "[") or content.startswith(_TEMPLATES, line.value):
            return None
        opened = opened_at(content, line.value, self._offset, line.indent)
        if opened is None:
            return None
        if opened.is_comment or len(opened.brackets) > DEEPEST:
            raise _NothingError
        steps = list(parts)
        for bracket, key in zip(opened.brackets, opened.keys, strict=True):
            if not bracket.is_map or key is not None:
                steps.append(Part(key if bracket.is_map else None, line, 0, bracket))
        return self._in_bracket(steps, opened, line)

    def _in_bracket(self, steps: list[Part], opened: Opened, line: Line) -> Cursor:
        content, offset = self._content, self._offset
        line_start, line_end = self._line.start, self._line.end
        start = min(opened.start, offset)
        if opened.quote:
            closing = content.find(opened.quote, offset, line_end)
            end = line_end if closing < 0 else closing
        elif start == offset and content[offset : offset + 1].isspace():
            end = offset
        else:
            end = max(_text_end(content, _END_IN_BRACKETS, offset, line_end), offset)
        is_key = opened.brackets[-1].is_map and opened.keys[-1] is None
        return Cursor(
            content=content,
            offset=offset,
            parts=tuple(steps),
            span=Span(max(start, line_start), end),
            start=start,
            inside=Part(None, line, 0, opened.brackets[-1]),
            is_key=is_key,
            is_value=not is_key,
            quote=opened.quote,
            has_colon=is_key and end > start and _COLON.match(content, end) is not None,
            is_in_brackets=True,
        )


def _text_end(content: str, end: re.Pattern[str], start: int, limit: int) -> int:
    """Return where a text without quotes ends that begins at an offset, the space behind it left out."""
    found = end.search(content, start, limit)
    stop = limit if found is None else found.start()
    return start + len(content[start:stop].rstrip())

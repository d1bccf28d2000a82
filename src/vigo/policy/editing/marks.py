"""Which part of a text a finding is about: an editor underlines it, and what has no width cannot be seen."""

import re
from typing import Final

import msgspec

from vigo.policy.diagnostics import Diagnostic, Severity
from vigo.policy.editing.texts import Span, Text

_QUOTED: Final = re.compile(r"'(?:''|[^'\n\r])*'|\"(?:\\.|[^\"\\\n\r])*\"")
_WORD: Final = re.compile(r"[~<!&*%@|>#\\-]?\w(?:[\w.*?/+~@%-]*[\w*?/+~@%-])?")
_CLOSING: Final = {"{": "}", "[": "]"}


class Mark(msgspec.Struct, frozen=True):
    """A finding where an editor shows it. The message says what to do too, where that is known."""

    span: Span
    severity: Severity
    code: str
    message: str


def mark(text: Text, diagnostic: Diagnostic) -> Mark:
    """Return a finding with the part of its file's text that it is about."""
    message = diagnostic.message + (f"\nhint: {diagnostic.hint}" if diagnostic.hint else "")
    span = word_at(text, text.place(diagnostic.line, diagnostic.column))
    return Mark(span, diagnostic.severity, diagnostic.code, message)


def word_at(text: Text, offset: int) -> Span:
    """Return the word that begins at an offset: a quoted text or a bracket with what it holds counts as one.

    Where nothing stands there it is the last word of the line, and of an empty line its end. Only nothing has no width.
    """
    line = text.line_at(offset)
    content = text.content
    if offset < line.end:
        if content[offset] in "'\"" and (quoted := _QUOTED.match(content, offset, line.end)):
            return Span(offset, quoted.end())
        if content[offset] in _CLOSING and (end := _closed_at(content, offset, line.end)) is not None:
            return Span(offset, end)
        if word := _WORD.match(content, offset, line.end):
            return Span(offset, word.end())
        if not content[offset].isspace():
            return Span(offset, offset + 1)
    if written := content[line.start : line.end].rstrip():
        return Span(line.start + len(written) - len(written.split()[-1]), line.start + len(written))
    return Span(line.start, line.end + 1) if line.end < len(content) else Span(max(line.start - 1, 0), line.end)


def _closed_at(content: str, start: int, end: int) -> int | None:
    """Return the offset behind the bracket that closes another one in its line, or None."""
    depth, place = 0, start
    while place < end:
        if content[place] in "'\"" and (quoted := _QUOTED.match(content, place, end)):
            place = quoted.end()
            continue
        depth += (content[place] in _CLOSING) - (content[place] in _CLOSING.values())
        place += 1
        if depth == 0:
            return place
    return None

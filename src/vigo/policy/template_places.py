"""Where something inside a template's text stands in its file."""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from vigo.core.plan import Origin
from vigo.policy.diagnostics import LINE_BREAK, SourceLines
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence

_LONG, _SHORT = 40, 12
_WORD: Final = re.compile(r"[\w.]+")


class TemplateText(msgspec.Struct, frozen=True, gc=False):
    """A text that may be a template: a value in a document, or (without a scalar) a whole file of its own."""

    text: str
    origin: Origin
    scalar: Scalar | None = None

    def place(self, offset: int, lines: SourceLines) -> Origin:
        """Return the place of a character; that of the whole text where quoting or folding hides it."""
        if self.scalar is None:
            # The lines of a file are those that messages show, and a byte order mark is no part of the first one.
            before = LINE_BREAK.split(self.text[:offset].removeprefix("\ufeff"))
            return Origin(self.origin.file, len(before), len(before[-1]) + 1)
        line_start = self.text.rfind("\n", 0, offset) + 1
        line_index = self.text.count("\n", 0, offset)
        column = offset - line_start
        line_text = self.text[line_start:].partition("\n")[0]
        written = lines.of(self.origin.file)
        if self.scalar.style == "literal":
            number = self.origin.line + 1 + line_index
            found = written[number - 1].find(line_text) if number <= len(written) else -1
            return Origin(self.origin.file, number, found + column + 1) if found >= 0 else self.origin
        return self._sought(line_text[column:], written) or self.origin

    def _sought(self, text: str, written: list[str]) -> Origin | None:
        word = _WORD.match(text)
        for part in (text[:_LONG], text[:_SHORT], word[0] if word else ""):
            for number in range(
                self.origin.line, max(self.scalar.end_line if self.scalar else 0, self.origin.line) + 1
            ):
                start = self.origin.column - 1 if number == self.origin.line else 0
                found = written[number - 1].find(part, start) if part and number <= len(written) else -1
                if found >= 0:
                    return Origin(self.origin.file, number, found + 1)
        return None


def texts_in(node: Node) -> Iterator[TemplateText]:
    """Yield every text in a value, the keys of maps too."""
    if isinstance(node, Scalar):
        yield TemplateText(node.text, node.origin, node)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from texts_in(item)
    elif isinstance(node, Mapping):
        for entry in node.entries.values():
            yield from texts_in(entry.key)
            yield from texts_in(entry.value)

"""The tags of a template, found in one pass over its text, and what of them the engine could not bear."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

MOST_OPERATORS: Final = 1_000
"""What one expression may have of operators, brackets, dots and filters. The engine reads and runs them one inside the
other, and some ten thousand overrun its stack, which ends the whole process. Source: measured with minijinja 3.1."""

_OPENING: Final = re.compile(r"\{[{%#]")
# A text in quotes, the end of a tag, a bracket, or a quote that nothing closes.
_PIECE: Final = re.compile(r"'(?:\\.|[^'\\])*+'|\"(?:\\.|[^\"\\])*+\"|%\}|\}\}|[\[\](){}'\"]", re.DOTALL)
_RAW: Final = re.compile(r"[-+]?\s*raw\s*[-+]?")
_RAW_END: Final = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_OPERATOR: Final = re.compile(r"[-+~*/%.|(\[{]|[=!<>]=?|\b(?:not|and|or|if|in|is)\b")
_QUOTED: Final = re.compile(r"'(?:\\.|[^'\\])*+'|\"(?:\\.|[^\"\\])*+\"", re.DOTALL)


class Tag(NamedTuple):
    """The code between `{{` and `}}`, or `{%` and `%}`, and where it begins in the text."""

    start: int
    code: str
    is_closed: bool


def tags_in(text: str) -> Iterator[Tag]:
    """Yield the tags of a template in their order; comments, and what stands between raw and endraw, are none.

    The last one may be open: then the engine will not read the template, but it looks at what is there.
    """
    position = 0
    while opening := _OPENING.search(text, position):
        start = opening.end()
        if opening[0] == "{#":
            end = text.find("#}", start)
            if end < 0:
                return
            position = end + 2
            continue
        end = _end_of(text, start, "}}" if opening[0] == "{{" else "%}")
        if end < 0:
            yield Tag(start, text[start:], is_closed=False)
            return
        yield Tag(start, text[start:end], is_closed=True)
        position = end + 2
        if opening[0] == "{%" and _RAW.fullmatch(text, start, end):
            raw_end = _RAW_END.search(text, position)
            if raw_end is None:
                return
            position = raw_end.end()


def too_long_at(text: str, *, is_expression: bool) -> int | None:
    """Return where an expression begins that has more operators than the engine can bear, or None."""
    for start, code, _ in [Tag(0, text, is_closed=True)] if is_expression else tags_in(text):
        # Fewer characters than that cannot be more operators; nearly every tag is done with here.
        if len(code) > MOST_OPERATORS and len(_OPERATOR.findall(_QUOTED.sub("", code))) > MOST_OPERATORS:
            return start
    return None


def _end_of(text: str, start: int, closing: str) -> int:
    depth, position = 0, start
    while piece := _PIECE.search(text, position):
        found = piece[0]
        position = piece.end()
        if depth == 0 and found == closing:
            return piece.start()
        if found in {"}}", "%}"}:
            # Inside of brackets the first brace closes one, and a percent sign is an operator.
            depth -= 1
            position = piece.start() + (1 if found == "}}" else 2)
        elif found in "([{":
            depth += 1
        elif found in ")]}":
            depth -= 1
        elif found in "'\"":
            return -1
        depth = max(depth, 0)
    return -1

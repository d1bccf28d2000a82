"""libyaml's complaints in the words of Vigo: the place, what was expected, what was found, what to do."""

import re
from typing import Final

import yaml

from vigo.core.plan import Origin

_QUOTE = "quote the text if it is one"
# What libyaml says -> what was expected, and what mostly helps. The first that is part of its text counts.
_INDENT = "correct the indentation"
_KNOWN: Final = (
    ("mapping values are not allowed", "expected one value on the line", "quote a text with ': ' in it, or indent"),
    ("expected <document start>", "expected the file to end here, or a key in the first column", _INDENT),
    ("expected key", "expected a key with the indentation of the others", "indent, or close the quote before"),
    ("expected '-' indicator", "expected '- ' with the indentation of the other items", _INDENT),
    ("expected ',' or ']'", "expected ',' or ']'", "close the list"),
    ("expected ',' or '}'", "expected ',' or '}'", "close the map"),
    ("expected ':'", "expected ':' after the key", _QUOTE),
    ("unexpected end of stream", "expected the closing quote", "close the quote"),
    ("unexpected document indicator", "expected the closing quote", "close the quote"),
    ("unknown escape character", "expected an escape that YAML knows", "write \\\\, or use single quotes"),
    ("tab character", "expected spaces for the indentation", "replace the tab"),
    ("block sequence entries", "expected a value, not an item of a list", "begin the list on a line of its own"),
    ("block mapping", "expected a value", _INDENT),
    ("directive", "expected no line that begins with '%'", _QUOTE),
    ("expected node content", "expected a value", "add it, or quote the text"),
)


def syntax_problem(file: str, text: str, error: yaml.YAMLError) -> tuple[Origin, str, str | None]:
    """Return the place of a syntax error, what is wrong there, and what to do where that is known."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return _unacceptable(file, text, error)
    mark = error.problem_mark or error.context_mark
    place = Origin(file, mark.line + 1, mark.column + 1) if mark is not None else Origin(file, 1, 1)
    found = _found_at(text, mark.index if mark is not None else 0)
    problem = error.problem or "the text is no YAML"
    began = ""
    if error.context_mark is not None and mark is not None and error.context_mark.line != mark.line:
        began = f", in what begins at line {error.context_mark.line + 1}"
    if "cannot start any token" in problem:
        hint = "indent with spaces" if found == "a tab" else _QUOTE
        return place, f"expected a value, found {found}{began}", hint
    for part, expected, hint in _KNOWN:
        if part in problem:
            return place, f"{expected}, found {found}{began}", hint
    return place, f"expected YAML: {problem}{began}", None


def _unacceptable(file: str, text: str, error: yaml.YAMLError) -> tuple[Origin, str, str | None]:
    position = getattr(error, "position", 0)
    before = text.encode()[:position].decode(errors="replace") if isinstance(position, int) else ""
    match = re.search(r"#x([0-9a-fA-F]+)", str(error))
    found = f"U+{int(match[1], 16):04X}" if match else "a character that YAML does not allow"
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return Origin(file, line, column), f"expected printable text, found {found}", 'write it as "\\xNN" in double quotes'


def _found_at(text: str, index: int) -> str:
    if index >= len(text):
        return "the end of the file"
    character = text[index]
    names = {"\n": "the end of the line", "\r": "the end of the line", "\t": "a tab", " ": "a space"}
    return names.get(character, repr(character))

"""libyaml's complaints in the words of Vigo: the place, what was expected, what was found, what to do."""

import re
from typing import Final

import yaml

from vigo.core.plan import Origin
from vigo.policy.diagnostics import LINE_BREAK
from vigo.policy.yaml_layout import (
    CHOOSE_A_SIDE,
    CONFLICT_FOUND,
    conflict_line,
    missing_colon,
    open_quote,
    wrong_indentation,
)

_QUOTE = "quote the text if it is one"
TEMPLATE_UNQUOTED: Final = "expected a value, found a template without quotes"
QUOTE_THE_TEMPLATE: Final = 'put the whole value into quotes: "{{ ... }}", or \'{{ ... }}\' where it has " in it'
# A template where a value begins: YAML takes its brace for a map.
_TEMPLATE: Final = re.compile(r"(?:^|[-:,\[{]\s)\s*(\{[{%#])")
_QUOTED: Final = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"")
_BRACKETED: Final = re.compile(r"[-:,]\s+([\[{])[^\n]*[\]}]$")
# What libyaml says -> what was expected, and what mostly helps. The first that is part of its text counts.
_INDENT = "correct the indentation"
_TAG = "quote a text that begins with !"
_AFTER_A_QUOTE: Final = ("expected key", "expected ',' or", "unexpected end of stream", "unexpected document indicator")
_AFTER_AN_INDENT: Final = ("mapping values are", "expected <document start>", "expected key", "expected '-' indicator")
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
    ("tab character", "expected spaces for the indentation", "replace each tab at the start of a line by spaces"),
    ("block sequence entries", "expected a value, not an item of a list", "begin the list on a line of its own"),
    ("block mapping", "expected a value", _INDENT),
    ("directive", "expected no line that begins with '%'", _QUOTE),
    ("expected node content", "expected a value", "add it, or quote the text"),
    ("did not find expected whitespace or line break", "expected a space behind the tag", _TAG),
    ("tag", "expected no tag", _TAG),
    ("anchor", "expected the name of an anchor", "quote a text that begins with & or *"),
)


def syntax_problem(file: str, text: str, error: yaml.YAMLError) -> tuple[Origin, str, str | None]:
    """Return the place of a syntax error, what is wrong there, and what to do where that is known."""
    place, message, hint = _problem(file, text, error)
    lines = LINE_BREAK.split(text)
    if place.line > len(lines):
        # libyaml counts a line behind a last one that nothing ends.
        place = Origin(file, len(lines), len(lines[-1]) + 1)
    return place, message, hint


def _problem(file: str, text: str, error: yaml.YAMLError) -> tuple[Origin, str, str | None]:
    if not isinstance(error, yaml.MarkedYAMLError):
        return _unacceptable(file, text, error)
    conflict = conflict_line(text)
    if conflict is not None:
        return Origin(file, conflict, 1), f"expected a line of YAML, {CONFLICT_FOUND}", CHOOSE_A_SIDE
    template = _unquoted_template(file, text, error)
    if template is not None:
        return template, TEMPLATE_UNQUOTED, QUOTE_THE_TEMPLATE
    mark = error.problem_mark or error.context_mark
    place = Origin(file, mark.line + 1, mark.column + 1) if mark is not None else Origin(file, 1, 1)
    index = mark.index if mark is not None else 0
    found = _found_at(text, index)
    problem = error.problem or "the text is no YAML"
    began = ""
    if error.context_mark is not None and mark is not None and error.context_mark.line != mark.line:
        began = f", in what begins at line {error.context_mark.line + 1}"
    explained = _unquoted_text(text, place, index, problem) or _layout_problem(file, text, error, problem)
    if explained is not None:
        return explained
    for part, expected, hint in _KNOWN:
        if part in problem:
            return place, f"{expected}, found {found}{began}", hint
    return place, f"expected YAML: {problem}{began}", None


def _layout_problem(file: str, text: str, error: yaml.MarkedYAMLError, problem: str) -> tuple[Origin, str, str] | None:
    """Return the line whose quote or indentation is wrong, where YAML complains of a later or an innocent one."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return None
    began = error.context_mark or mark
    if any(part in problem for part in _AFTER_A_QUOTE):
        quote = open_quote(text, began.line, mark.line)
        if quote is not None:
            place = Origin(file, quote.line + 1, quote.column + 1)
            return place, f"expected the closing {quote.sign} in this line, found none", "close the quote"
    if "mapping values are" in problem:
        bare = missing_colon(text, mark.line, mark.column)
        if bare is not None:
            place = Origin(file, bare.line + 1, bare.column + 1)
            return place, f"expected ':' behind the key {bare.key}, found the end of the line", "write the colon"
    if "expected ':'" in problem and error.context_mark is not None:
        place = Origin(file, error.context_mark.line + 1, error.context_mark.column + 1)
        return place, "expected ':' after the key, found none in its line", "write `key: value`, or quote the text"
    if any(part in problem for part in _AFTER_AN_INDENT):
        indent = wrong_indentation(text, mark.line, mark.column)
        if indent is not None:
            message = f"expected {indent.expected} before this line, as the lines above have, found {indent.found}"
            return Origin(file, mark.line + 1, indent.found + 1), message, _INDENT
    return None


def _unquoted_text(text: str, place: Origin, index: int, problem: str) -> tuple[Origin, str, str] | None:
    """Return what is wrong where a text begins with a character that YAML has a use of its own for."""
    if "cannot start any token" in problem:
        hint = "indent with spaces" if text[index] == "\t" else f"quote a text that begins with {text[index]}"
        return place, f"expected a value, found {_found_at(text, index)}", hint
    if "alphabetic or numeric" in problem:
        sign = text[index - 1]
        message = f"expected a value, found {sign!r} without the name of an anchor"
        return Origin(place.file, place.line, place.column - 1), message, f"quote a text that begins with {sign}"
    bracketed = _BRACKETED.search(text[text.rfind("\n", 0, index) + 1 : index])
    if bracketed:
        what = "list" if bracketed[1] == "[" else "map"
        message = f"expected the line to end behind the {what}, found {_found_at(text, index)}"
        return place, message, f"quote a text that begins with {bracketed[1]}"
    return None


def _unquoted_template(file: str, text: str, error: yaml.MarkedYAMLError) -> Origin | None:
    """Return where the template stands that made the line, or the map that it seems to begin, no YAML."""
    for mark in (error.problem_mark, error.context_mark):
        if mark is None:
            continue
        start = text.rfind("\n", 0, mark.index) + 1
        line = _QUOTED.sub(lambda quoted: "'" * len(quoted[0]), text[start:].partition("\n")[0])
        for found in _TEMPLATE.finditer(line):
            if found.start(1) <= mark.column + 1:
                return Origin(file, mark.line + 1, found.start(1) + 1)
    return None


def _unacceptable(file: str, text: str, error: yaml.YAMLError) -> tuple[Origin, str, str | None]:
    position = getattr(error, "position", 0)
    before = text.encode()[:position].decode(errors="replace") if isinstance(position, int) else ""
    match = re.search(r"#x([0-9a-fA-F]+)", str(error))
    found = f"U+{int(match[1], 16):04X}" if match else "a character that YAML does not allow"
    lines = LINE_BREAK.split(before)
    return (
        Origin(file, len(lines), len(lines[-1]) + 1),
        f"expected printable text, found {found}",
        'write it as "\\xNN" in double quotes',
    )


def _found_at(text: str, index: int) -> str:
    if index >= len(text):
        return "the end of the file"
    character = text[index]
    names = {"\n": "the end of the line", "\r": "the end of the line", "\t": "a tab", " ": "a space", "\\": "'\\'"}
    return names.get(character, repr(character))

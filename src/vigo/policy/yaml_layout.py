"""Which line of a text is laid out wrongly: libyaml tells where it stopped to understand, often behind the mistake."""

import re
from typing import Final, NamedTuple

from vigo.policy.diagnostics import LINE_BREAK

_QUOTED: Final = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"")
_OPENED: Final = re.compile(r"(?:^|[-:,\[{])\s+(['\"])")
_BEHIND_A_TEXT: Final = re.compile(r"\s*([,\]}#:]|$)")
_ITEMS: Final = re.compile(r" *((?:- +)*)")
_KEY: Final = re.compile(r" *[\w.-]+")
_KEY_OF_ITEM: Final = re.compile(r" *(?:- +)*[\w.-]+")
_BARE_KEY: Final = re.compile(r" *(?:- +)*([\w.-]+) *(?:#.*)?")
_MOST_LINES: Final = 2_000
_CONFLICT: Final = re.compile(r"^<{7}(?= |$)", re.MULTILINE)
_CONFLICT_END: Final = re.compile(r"^>{7}(?= |$)", re.MULTILINE)
CONFLICT_FOUND: Final = "found the mark of a merge conflict"
CHOOSE_A_SIDE: Final = "keep what shall hold, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>"


class OpenQuote(NamedTuple):
    """A quote that its line does not close; line and column count from 0."""

    line: int
    column: int
    sign: str


class BareKey(NamedTuple):
    """A key without its colon; line and column count from 0."""

    line: int
    column: int
    key: str


class Indentation(NamedTuple):
    """How far a line is indented, and in words how far it may be."""

    found: int
    expected: str


def conflict_line(text: str) -> int | None:
    """Return the line, counted from 1, with the first mark of a merge that nobody finished, or None."""
    begun = _CONFLICT.search(text)
    if begun is None or _CONFLICT_END.search(text, begun.end()) is None:
        return None
    return len(LINE_BREAK.findall(text, 0, begun.start())) + 1


def open_quote(text: str, first: int, last: int) -> OpenQuote | None:
    """Return the quote in these lines that takes in what follows it, which is no text, or None."""
    lines = LINE_BREAK.split(text)
    for number in range(first, min(last, len(lines) - 1, first + _MOST_LINES) + 1):
        bare = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), lines[number])
        opened = _OPENED.search(bare)
        if opened and not _is_closed_well(lines[number + 1 : min(last + 2, number + _MOST_LINES)], opened[1]):
            return OpenQuote(number, opened.start(1), opened[1])
    return None


def missing_colon(text: str, line: int, column: int) -> BareKey | None:
    """Return the word above a `key: value` that was to be the key of its block, or None.

    The line is the one with the colon that YAML stumbled over.
    """
    lines = LINE_BREAK.split(text)
    if line >= len(lines) or not _KEY_OF_ITEM.fullmatch(lines[line][:column]):
        return None
    depth = len(lines[line]) - len(lines[line].lstrip(" "))
    above = next((number for number in range(line - 1, -1, -1) if _is_content(lines[number])), None)
    bare = None if above is None else _BARE_KEY.fullmatch(lines[above])
    if above is None or bare is None or bare.start(1) > depth:
        return None
    return BareKey(above, bare.start(1), bare[1])


def _is_content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def wrong_indentation(text: str, line: int, column: int) -> Indentation | None:
    """Return the indentation of a line where no line above begins a block that it could belong to, or None."""
    lines = LINE_BREAK.split(text)
    if line >= len(lines):
        return None
    before = lines[line][:column]
    if before.strip() and not _KEY.fullmatch(before):
        return None
    found = len(lines[line]) - len(lines[line].lstrip(" "))
    levels: list[int] = []
    for above in reversed(lines[max(line - _MOST_LINES, 0) : line]):
        if _is_content(above):
            levels += [level for level in _levels(above) if not levels or level < levels[-1]]
    if found in levels or not levels:
        return None
    *others, last = (str(level or "no") for level in levels)
    counts = f"{', '.join(others)} or {last}" if others else last
    return Indentation(found, f"{counts} space{'' if levels[-1] == 1 else 's'}")


def _is_closed_well(following: list[str], sign: str) -> bool:
    for line in following:
        _, closing, behind = line.partition(sign)
        if closing:
            return _BEHIND_A_TEXT.match(behind) is not None
    return False


def _levels(line: str) -> list[int]:
    """Return where the blocks that a line is in begin, the innermost first: an item, then its list."""
    items = _ITEMS.match(line)
    assert items is not None  # noqa: S101 - the pattern fits every text
    dashes = [items.start(1) + found.start() for found in re.finditer("-", items[1])]
    return [items.end(), *reversed(dashes)]

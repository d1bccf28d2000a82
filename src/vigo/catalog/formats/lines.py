"""Single lines of a text file: putting one in, taking some out, everything else kept byte for byte."""

import re
from typing import Literal

import msgspec

from vigo.core.errors import InvalidError

Position = Literal["end", "start"]


class Region(msgspec.Struct, frozen=True):
    """The lines that count: those between the first match of `start` and the next match of `end`, both excluded."""

    start: re.Pattern[str] | None = None
    end: re.Pattern[str] | None = None


def with_line(text: str, line: str, match: re.Pattern[str] | None, position: Position, region: Region) -> str:
    """Return the text with `line` in the region: unchanged if it is there, else in the place of the one that matches.

    Raises:
        InvalidError: several lines match, or the region is not there.
    """
    lines, ending = _split(text)
    first, last = _bounds(lines, region)
    bare = [_bare(present) for present in lines]
    if line in bare[first:last]:
        return text
    found = [index for index in range(first, last) if match is not None and match.search(bare[index])]
    if len(found) > 1:
        numbers = ", ".join(str(index + 1) for index in found[:5])
        raise InvalidError(f"match: expected at most one line to match, found lines {numbers}; make it narrower")
    if found:
        lines[found[0]] = line + ending
    else:
        place = first if position == "start" else last
        if place and not lines[place - 1].endswith("\n"):
            # A last line that ends in a carriage return has the first half of its end already.
            lines[place - 1] += "\n" if lines[place - 1].endswith("\r") else ending
        lines.insert(place, line + ending)
    return "".join(lines)


def without_lines(text: str, line: str | None, match: re.Pattern[str] | None, region: Region) -> str:
    """Return the text without the lines of the region that are `line` or match.

    Raises:
        InvalidError: the region is not there.
    """
    lines, _ = _split(text)
    first, last = _bounds(lines, region)
    kept = [
        present
        for index, present in enumerate(lines)
        if not (first <= index < last and _is_meant(_bare(present), line, match))
    ]
    return "".join(kept)


def _is_meant(bare: str, line: str | None, match: re.Pattern[str] | None) -> bool:
    return bare == line or (match is not None and match.search(bare) is not None)


def _bounds(lines: list[str], region: Region) -> tuple[int, int]:
    first = 0
    if region.start is not None:
        first = _next_match(lines, 0, region.start, "region_start") + 1
    last = len(lines) if region.end is None else _next_match(lines, first, region.end, "region_end")
    return first, last


def _next_match(lines: list[str], start: int, pattern: re.Pattern[str], field: str) -> int:
    for index in range(start, len(lines)):
        if pattern.search(_bare(lines[index])):
            return index
    raise InvalidError(f"{field}: expected a line that matches {pattern.pattern!r}, found none; correct it or the file")


def _split(text: str) -> tuple[list[str], str]:
    """Return the lines with their ends, and the end that a new line gets."""
    lines = [part for part in re.split(r"(?<=\n)", text) if part]
    return lines, "\r\n" if lines and lines[0].endswith("\r\n") else "\n"


def _bare(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")

"""Single lines of a text file: putting one in, taking some out, everything else kept byte for byte."""

import re
from collections.abc import Sequence
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
    meant = set(_meant(lines, line, match, region))
    return "".join(present for index, present in enumerate(lines) if index not in meant)


class Stretch(msgspec.Struct, frozen=True):
    """Lines that stood together, with their ends: the number of the first, and the lines that stood around them."""

    index: int
    lines: tuple[str, ...]
    previous: str | None
    following: str | None


def found_lines(text: str, line: str | None, match: re.Pattern[str] | None, region: Region) -> tuple[str, ...]:
    """Return the lines of the region, with their ends, that are `line` or match.

    Raises:
        InvalidError: the region is not there.
    """
    lines, _ = _split(text)
    return tuple(lines[index] for index in _meant(lines, line, match, region))


def stretches(text: str, line: str | None, match: re.Pattern[str] | None, region: Region) -> tuple[Stretch, ...]:
    """Return those lines again, in stretches, such that `with_stretches` can put them back.

    Raises:
        InvalidError: the region is not there.
    """
    lines, _ = _split(text)
    meant = _meant(lines, line, match, region)
    starts = [index for index in meant if index - 1 not in meant]
    ends = [index + 1 for index in meant if index + 1 not in meant]
    return tuple(
        Stretch(
            start,
            tuple(lines[start:end]),
            _bare(lines[start - 1]) if start else None,
            _bare(lines[end]) if end < len(lines) else None,
        )
        for start, end in zip(starts, ends, strict=True)
    )


def with_stretches(text: str, taken: Sequence[Stretch]) -> str:
    """Return the text with lines that were taken out of it, each stretch between the lines where it stood.

    Raises:
        InvalidError: what stood around a stretch is gone or there several times, so nobody knows its place.
    """
    lines, ending = _split(text)
    for stretch in taken:
        place = _place_of(stretch, lines)
        if place and not lines[place - 1].endswith("\n"):
            lines[place - 1] += ending
        lines[place:place] = _ended(stretch.lines, ending, is_last=place == len(lines))
    return "".join(lines)


def with_instead(
    text: str, line: str | None, match: re.Pattern[str] | None, region: Region, former: Sequence[str], open_end: str
) -> str:
    """Return the text with the former lines in the place of the one that is `line` or matches.

    `open_end` is how the text ended, without a line feed, when that one was put behind it; else it is empty.

    Raises:
        InvalidError: there is no such line, or several.
    """
    lines, ending = _split(text)
    found = _meant(lines, line, match, region)
    if len(found) != 1:
        raise InvalidError(f"expected the line once, found it {len(found)} times")
    place = found[0]
    is_last = place + 1 == len(lines)
    lines[place : place + 1] = _ended(former, ending, is_last=is_last)
    if is_last and not former and lines and open_end and lines[-1] in (open_end + "\n", open_end + ending):
        lines[-1] = open_end
    return "".join(lines)


def open_end_of(text: str) -> str:
    """Return the last line of a text where it has no line feed, or an empty text."""
    lines, _ = _split(text)
    return "" if not lines or lines[-1].endswith("\n") else lines[-1]


def _place_of(stretch: Stretch, lines: Sequence[str]) -> int:
    bare = [None, *(_bare(line) for line in lines), None]
    fits = [
        place
        for place in range(len(lines) + 1)
        if bare[place] == stretch.previous and bare[place + 1] == stretch.following
    ]
    if stretch.index in fits:
        return stretch.index
    if len(fits) != 1:
        found = "them nowhere" if not fits else f"them {len(fits)} times"
        raise InvalidError(
            f"expected the lines around the place of {stretch.lines[0].strip()[:60]!r} as they were, found {found}"
        )
    return fits[0]


def _ended(lines: Sequence[str], ending: str, *, is_last: bool) -> list[str]:
    """Return lines such that each has an end, but the last of a text which may have had none."""
    last = len(lines) - 1
    return [
        line if line.endswith("\n") or (is_last and index == last) else line + ending
        for index, line in enumerate(lines)
    ]


def _meant(lines: Sequence[str], line: str | None, match: re.Pattern[str] | None, region: Region) -> list[int]:
    first, last = _bounds(lines, region)
    return [index for index in range(first, last) if _is_meant(_bare(lines[index]), line, match)]


def _is_meant(bare: str, line: str | None, match: re.Pattern[str] | None) -> bool:
    return bare == line or (match is not None and match.search(bare) is not None)


def _bounds(lines: Sequence[str], region: Region) -> tuple[int, int]:
    first = 0
    if region.start is not None:
        first = _next_match(lines, 0, region.start, "region_start") + 1
    last = len(lines) if region.end is None else _next_match(lines, first, region.end, "region_end")
    return first, last


def _next_match(lines: Sequence[str], start: int, pattern: re.Pattern[str], field: str) -> int:
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

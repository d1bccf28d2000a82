"""A block of lines between two lines that mark it, edited while everything around it stays byte for byte."""

from collections.abc import Sequence

import msgspec

from vigo.catalog.formats.names import shown
from vigo.core.errors import InvalidError


class Markers(msgspec.Struct, frozen=True):
    """The lines before and behind the block."""

    begin: str
    end: str


def block_in(text: str, markers: Markers) -> str | None:
    """Return what is between the markers, each line with a line feed; None where there is no marker.

    Raises:
        InvalidError: one of the markers is missing, or there several times.
    """
    lines = text.split("\n")
    place = _place(lines, markers)
    return None if place is None else "".join(f"{line}\n" for line in lines[place[0] + 1 : place[1]])


def with_block(text: str, markers: Markers, block: str) -> str:
    """Return the text with the block between its markers, at the end of the text where they are not there yet.

    The block's last line needs no line feed; an empty one leaves the markers alone.

    Raises:
        InvalidError: as for `block_in`.
    """
    lines = text.split("\n")
    inner = block.removesuffix("\n").split("\n") if block else []
    place = _place(lines, markers)
    if place is not None:
        return "\n".join([*lines[: place[0] + 1], *inner, *lines[place[1] :]])
    gap = "" if not text or text.endswith("\n") else "\n"
    return text + gap + "".join(f"{line}\n" for line in (markers.begin, *inner, markers.end))


def without_block(text: str, markers: Markers) -> str:
    """Return the text without the block and its markers.

    Raises:
        InvalidError: as for `block_in`.
    """
    lines = text.split("\n")
    place = _place(lines, markers)
    if place is None:
        return text
    return "\n".join([*lines[: place[0]], *lines[place[1] + 1 :]])


def _place(lines: Sequence[str], markers: Markers) -> tuple[int, int] | None:
    begins = [index for index, line in enumerate(lines) if line.rstrip() == markers.begin.rstrip()]
    ends = [index for index, line in enumerate(lines) if line.rstrip() == markers.end.rstrip()]
    if not begins and not ends:
        return None
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        raise InvalidError(
            f"block: expected the line {shown(markers.begin)} once and {shown(markers.end)} once behind it, found them"
            f" in lines {_numbers(begins)} and {_numbers(ends)}; put the file right by hand"
        )
    return begins[0], ends[0]


def _numbers(indexes: Sequence[int]) -> str:
    return ", ".join(str(index + 1) for index in indexes[:5]) or "none"

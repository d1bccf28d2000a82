"""The kernel's table of swap areas. Pure: text in, values out; a line of another form is passed over."""

import re

import msgspec

from vigo.catalog.formats.numbers import whole_number

_ROW = re.compile(r"(\S+)\s+(\w+)\s+(\d+)\s+(\d+)\s+(-?\d{1,5})\s*")
_ESCAPE = re.compile(r"\\([0-7]{3})")


class SwapUse(msgspec.Struct, frozen=True):
    """One swap area and how much of it is used."""

    path: str
    type: str
    size_bytes: int
    used_bytes: int
    priority: int


def parse_swaps(text: str) -> tuple[SwapUse, ...]:
    """Return the areas of /proc/swaps in its order. Source: proc_swaps(5)."""
    rows = (_ROW.fullmatch(line) for line in text.split("\n"))
    found = (_area(*row.groups()) for row in rows if row is not None)
    return tuple(area for area in found if area is not None)


def _area(path: str, kind: str, size: str, used: str, priority: str) -> SwapUse | None:
    kilobytes = whole_number(size), whole_number(used)
    if kilobytes[0] is None or kilobytes[1] is None:
        return None
    plain = _ESCAPE.sub(lambda escape: chr(int(escape[1], 8) & 0xFF), path)
    return SwapUse(plain, kind, kilobytes[0] * 1024, kilobytes[1] * 1024, int(priority))

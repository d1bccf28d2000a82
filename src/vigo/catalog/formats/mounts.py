"""What is mounted and how full it is. Pure: text in, values out; a line of another form is passed over."""

import re

import msgspec

from vigo.catalog.formats.numbers import whole_number

_FEWEST_COLUMNS = 4
_SIZES = re.compile(r"\s(\d+)\s+(\d+)\s+(\d+)\s+(?:\d+%|-)\s+(/.*)$")


class MountedFilesystem(msgspec.Struct, frozen=True):
    """One line of the kernel's table."""

    device: str
    path: str
    type: str
    options: tuple[str, ...] = ()


class Occupancy(msgspec.Struct, frozen=True):
    """How large a filesystem is, and how much of what users can fill is filled, in percent."""

    path: str
    size_bytes: int
    used_percent: int


def parse_mounts(text: str) -> tuple[MountedFilesystem, ...]:
    """Return the lines of /proc/mounts, their escapes resolved. Source: fstab(5), proc_pid_mounts(5)."""
    rows = (line.split() for line in text.split("\n"))
    return tuple(
        MountedFilesystem(_plain(row[0]), _plain(row[1]), row[2], tuple(row[3].split(",")))
        for row in rows
        if len(row) >= _FEWEST_COLUMNS
    )


def parse_df(text: str) -> tuple[Occupancy, ...]:
    """Return the table of `df -P -k`, whatever its language. Source: df(1p), the -P format."""
    found = (_SIZES.search(line) for line in text.split("\n"))
    rows = (_occupancy(*row.groups()) for row in found if row is not None)
    return tuple(row for row in rows if row is not None)


def _occupancy(size: str, used: str, free: str, path: str) -> Occupancy | None:
    numbers = whole_number(size), whole_number(used), whole_number(free)
    if numbers[0] is None or numbers[1] is None or numbers[2] is None:
        return None
    usable = numbers[1] + numbers[2]
    return Occupancy(path, numbers[0] * 1024, round(100 * numbers[1] / usable) if usable else 0)


def _plain(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda escape: chr(int(escape[1], 8) & 0xFF), text)

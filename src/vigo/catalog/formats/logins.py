"""Which accounts are people's and who is logged in: login.defs(5) and utmp(5). Pure: content in, values out."""

from typing import NamedTuple

from vigo.catalog.formats.numbers import whole_number

_USER_PROCESS = 7
_RECORD_BYTES = (384, 400)
"""utmp(5) has the shorter record on most processors; arm64 has no 32-bit past and takes the longer one."""
_KIND, _PID, _NAME = slice(0, 2), slice(4, 8), slice(44, 76)


class HumanIds(NamedTuple):
    """The lowest and highest uid that useradd(8) gives to people."""

    lowest: int = 1000
    highest: int = 60000


class Login(NamedTuple):
    """A session of a terminal and the process that leads it."""

    user: str
    pid: int


def parse_human_ids(text: str) -> HumanIds:
    """Return UID_MIN and UID_MAX of login.defs(5), or their defaults."""
    rows = (line.split() for line in text.split("\n"))
    found = {row[0]: whole_number(row[1]) for row in rows if len(row) > 1}
    lowest, highest = found.get("UID_MIN"), found.get("UID_MAX")
    default = HumanIds()
    return HumanIds(
        default.lowest if lowest is None else lowest,
        default.highest if highest is None else highest,
    )


def parse_utmp(data: bytes, order: str) -> tuple[Login, ...]:
    """Return the sessions in a utmp(5) file, also those whose process is gone. `order` is the machine's byte order."""
    size = next((size for size in _RECORD_BYTES if len(data) % size == 0), None)
    if size is None:
        return ()
    records = (data[start : start + size] for start in range(0, len(data), size))
    is_big = order == "big"
    return tuple(
        Login(name, _integer(record[_PID], is_big=is_big))
        for record in records
        if _integer(record[_KIND], is_big=is_big) == _USER_PROCESS
        and (name := record[_NAME].partition(b"\0")[0].decode(errors="replace"))
    )


def _integer(field: bytes, *, is_big: bool) -> int:
    return int.from_bytes(field, "big" if is_big else "little")

"""The table of what the boot mounts and swaps to: one entry changed, every other line kept byte for byte.

Source: fstab(5).
"""

import re
from collections.abc import Callable, Iterator

import msgspec

from vigo.catalog.formats.numbers import whole_number
from vigo.catalog.formats.octal_escapes import escaped, unescaped

PATH = "/etc/fstab"

_FEWEST_COLUMNS = 3
_BLANKS = re.compile(r"[ \t]+")


class FstabEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry, its escapes resolved. A field that a line leaves out has the value that it stands for."""

    device: str
    path: str
    fstype: str
    options: str = "defaults"
    dump: int = 0
    pass_: int = 0


Meant = Callable[[FstabEntry], bool]


def fstab_entries(text: str, meant: Meant) -> tuple[FstabEntry, ...]:
    """Return the entries that are meant, in the order of their lines."""
    return tuple(entry for _, entry in _found(text.split("\n"), meant))


def with_entry(text: str, entry: FstabEntry, meant: Meant) -> str:
    """Return the table with this entry in the place of the first that is meant, or behind all others."""
    lines = text.split("\n")
    place = next((index for index, _ in _found(lines, meant)), None)
    if place is not None:
        lines[place] = _printed(entry)
        return "\n".join(lines)
    if text and not text.endswith("\n"):
        text += "\n"
    return f"{text}{_printed(entry)}\n"


def without_entries(text: str, meant: Meant) -> str:
    """Return the table without the entries that are meant."""
    lines = text.split("\n")
    gone = {index for index, _ in _found(lines, meant)}
    return "\n".join(line for index, line in enumerate(lines) if index not in gone)


def _found(lines: list[str], meant: Meant) -> Iterator[tuple[int, FstabEntry]]:
    for index, line in enumerate(lines):
        entry = _parsed(line)
        if entry is not None and meant(entry):
            yield index, entry


def _parsed(line: str) -> FstabEntry | None:
    bare = line.strip(" \t")
    words = _BLANKS.split(bare)
    if bare.startswith("#") or len(words) < _FEWEST_COLUMNS:
        return None
    device, path, fstype, options, dump, pass_ = (unescaped(word) for word in (*words, *_left_out(len(words)))[:6])
    return FstabEntry(
        device=device,
        path=path.rstrip("/") or path,
        fstype=fstype,
        options=options,
        dump=whole_number(dump) or 0,
        pass_=whole_number(pass_) or 0,
    )


def _left_out(columns: int) -> tuple[str, ...]:
    return ("defaults", "0", "0")[max(0, columns - _FEWEST_COLUMNS) :]


def _printed(entry: FstabEntry) -> str:
    words = (entry.device, entry.path, entry.fstype, entry.options, str(entry.dump), str(entry.pass_))
    return " ".join(map(escaped, words))

"""Who holds the lock of a package tool, to say so."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_MAX_PID_BYTES = 32


class Holder(NamedTuple):
    """A process that has a lock file, or is named in one."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


def holder_of(locks: Iterable[str]) -> Holder | None:
    """Return a process that has one of the files open, or whose number one of them has in it; None where none does.

    Tools differ in how they lock: by fcntl(2), flock(2), a file's existence or a process's number in it. Which process
    has the file is the same question for the first three.
    """
    identities, named = set(), []
    for path in locks:
        with suppress(OSError):
            stat = Path(path).stat()
            identities.add((stat.st_dev, stat.st_ino))
            named += _pid_in(path)
    for pid in (*named, *_having_open(identities)):
        name = _name_of(pid)
        if name is not None and pid != os.getpid():
            return Holder(pid, name)
    return None


def _pid_in(path: str) -> list[int]:
    with Path(path).open("rb") as file:
        word = file.read(_MAX_PID_BYTES).split()[:1]
    return [int(word[0])] if word and word[0].isdigit() else []


def _having_open(identities: set[tuple[int, int]]) -> Iterator[int]:
    for process in _PROC.iterdir() if identities else ():
        if not process.name.isdigit():
            continue
        with suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with suppress(OSError):
                    stat = descriptor.stat()
                    if (stat.st_dev, stat.st_ino) in identities:
                        yield int(process.name)


def _name_of(pid: int) -> str | None:
    try:
        return (_PROC / str(pid) / "comm").read_text(errors="replace").strip()
    except OSError:
        return None

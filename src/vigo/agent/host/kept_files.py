"""Files that many resources ask for, read once for as long as nothing ran that may change them."""

import os
from collections.abc import Callable
from typing import NamedTuple

from vigo.catalog.ops import Op, Run

KEPT = frozenset(
    {
        *("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/fstab", "/etc/hosts", "/etc/nsswitch.conf"),
        *("/proc/self/mountinfo", "/proc/mounts", "/proc/swaps", "/proc/modules"),
        *("/var/lib/dpkg/status", "/lib/apk/db/installed", "/var/lib/apt/extended_states"),
    }
)
"""What is kept: the accounts, mounts and packages of a host are one file each, and a policy has many of them."""


class Content(NamedTuple):
    """What a file holds, and what it was when it was opened to read."""

    data: bytes
    entry: os.stat_result


class KeptFiles:
    """The contents that are known."""

    def __init__(self) -> None:
        self._known: dict[str, Content | None] = {}

    def get(self, path: str, read: Callable[[], Content | None]) -> Content | None:
        """Return the content that is known, else read it; one that cannot be read is tried again each time."""
        if path not in self._known:
            self._known[path] = read()
        return self._known[path]

    def forget(self, op: Op) -> None:
        """Drop what an operation may have changed: a program anything, any other one what it names."""
        if isinstance(op, Run) or not op.paths():
            self.forget_all()
            return
        for path in op.paths():
            for known in [known for known in self._known if known == path or known.startswith(f"{path}/")]:
                del self._known[known]

    def forget_all(self) -> None:
        """Drop everything."""
        self._known.clear()

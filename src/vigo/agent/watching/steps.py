"""Where a change can be that concerns a path: every name on the way to it, symlinks walked as the kernel walks them."""

import posixpath
from typing import Final, NamedTuple

from vigo.catalog.api import FileStat, ReadFiles
from vigo.core.errors import VigoError

_MOST_LINKS: Final = 40
_MOST_STEPS: Final = 500


class Step(NamedTuple):
    """A name in a folder. The folder is there, and no symlink leads to it."""

    folder: str
    name: str


class Steps(NamedTuple):
    """The names on the way to a path, and where it ends; the end is among the way where a directory is missing."""

    way: frozenset[Step]
    end: Step | None


class Walker:
    """Walks to paths; what one walk saw of a folder on the way the next one is not told anew."""

    def __init__(self, files: ReadFiles) -> None:
        self._files = files
        self._seen: dict[Step, FileStat | None] = {}

    def steps_to(self, path: str) -> Steps:
        """Return the steps. The last name is followed as well, where it is a symlink."""
        way: set[Step] = set()
        end: Step | None = None
        pending = [part for part in reversed(path.split("/")) if part not in ("", ".")]
        current, links = "/", 0
        for _ in range(_MOST_STEPS):
            if not pending:
                break
            name = pending.pop()
            if name in ("", "."):
                continue
            if name == "..":
                current = posixpath.dirname(current)
                continue
            step = Step(current, name)
            if not pending and end is None:
                end = step
            else:
                way.add(step)
            place = posixpath.join(current, name)
            found = self._stat(step, place)
            if found is None:
                break
            if found.kind == "symlink" and links < _MOST_LINKS:
                links += 1
                target = self._target(place)
                pending += reversed(target.split("/"))
                current = "/" if target.startswith("/") else current
            elif found.kind == "directory":
                current = place
            else:
                break
        return Steps(frozenset(way), end)

    def _stat(self, step: Step, place: str) -> FileStat | None:
        if step not in self._seen:
            try:
                self._seen[step] = self._files.stat(place)
            except VigoError:
                self._seen[step] = None
        return self._seen[step]

    def _target(self, place: str) -> str:
        try:
            return self._files.read_link(place) or ""
        except VigoError:
            return ""

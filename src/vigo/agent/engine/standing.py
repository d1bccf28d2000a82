"""How the resources of a plan stand after the passes so far: what later passes over some of them have to know."""

import posixpath
from collections.abc import Iterable, Mapping
from typing import Final

from vigo.catalog.api import ReadFiles
from vigo.core.errors import VigoError
from vigo.core.ids import ResourceId
from vigo.core.run import Outcome, ResourceResult

Mark = tuple[object, ...]
"""What tells one state of a path from another; empty where nothing is there."""

_MOST_LINKS: Final = 8
_NOBODYS: Final[Mark] = ("nobody's",)
"""The mark of no state of any path."""


class Standing:
    """How resources stand. It lasts as long as the process: a pass over all of a plan begins with an empty one.

    `obstacles` say why what depends on a resource cannot have its turn. `watched` holds, for the resources that were
    evaluated, the paths to watch and the mark of each from right before it was last found to be as declared: whatever
    changed it later has left another one, and the agent's own writes have not.
    """

    def __init__(self) -> None:
        self.obstacles: dict[ResourceId, str] = {}
        self.outcomes: dict[ResourceId, Outcome] = {}
        self.watched: dict[ResourceId, Mapping[str, Mark]] = {}

    def look(self, resource: ResourceId, paths: Iterable[str], files: ReadFiles) -> None:
        """Note how a resource's paths are now."""
        self.watched[resource] = {path: mark_of(path, files) for path in paths}

    def distrust(self, resource: ResourceId) -> None:
        """Take a resource's paths for moved, as soon as an event tells of one: they may be another's work already."""
        self.watched[resource] = dict.fromkeys(self.watched.get(resource, ()), _NOBODYS)

    def has_moved(self, resource: ResourceId, files: ReadFiles) -> bool:
        """Return whether a path of a resource is another than when it was looked at."""
        return any(mark_of(path, files) != mark for path, mark in self.watched.get(resource, {}).items())

    def took_place(self, results: Iterable[ResourceResult], obstacles: Mapping[ResourceId, str]) -> None:
        """Note how a pass ended."""
        self.obstacles = dict(obstacles)
        self.outcomes.update((result.id, result.outcome) for result in results)


def mark_of(path: str, files: ReadFiles) -> Mark:
    """Return the mark of a path, symlinks followed; one that cannot be read is a mark too."""
    try:
        return _mark(path, files, _MOST_LINKS)
    except VigoError as error:
        return (str(error),)


def _mark(path: str, files: ReadFiles, links_left: int) -> Mark:
    found = files.stat(path)
    if found is None:
        return ()
    mark: Mark = (found.mode, found.uid, found.gid, found.device, found.inode)
    if found.kind == "directory":
        return mark  # what comes and goes in it is not its own
    mark = (*mark, found.size_bytes, found.mtime_ns)
    target = files.read_link(path) if found.kind == "symlink" and links_left else None
    if target is None:
        return mark
    followed = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return (*mark, *_mark(followed, files, links_left - 1))

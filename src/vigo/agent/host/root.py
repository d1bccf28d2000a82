"""Paths on the host: where each leads beneath the root, walked one directory at a time by descriptor.

No step follows a symlink by itself: its text is read and walked from the root or from where it stands. So whoever swaps
a directory for a symlink meanwhile changes where the walk goes inside the root, but never leads it out. Source:
path_resolution(7), open(2), symlink(7).
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from vigo.agent.host.faults import ABSENT, check_text_of_path
from vigo.core.errors import UnavailableError

MAX_LINKS = 40
"""How many symlinks one path may lead through. Source: path_resolution(7)."""

MAX_STEPS = 20_000
"""How many names one walk may look at; `..` begins anew at the root, which a hostile path could do without end."""

MAX_PATH_BYTES = 4095
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ENTRY = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class Place(NamedTuple):
    """A name in an open directory; the root itself is the name `.`.

    `link_owners` are the unprivileged users whose symlinks led here.
    """

    directory: int
    name: str
    link_owners: frozenset[int] = frozenset()


class Root:
    """The directory beneath which every path of the host is found; `/` for the machine itself."""

    def __init__(self, path: str | None) -> None:
        self.path = os.path.realpath(path or "/")
        self.is_image = self.path != "/"

    @contextmanager
    def place(self, path: str, *, follow: bool) -> Iterator[Place | None]:
        """Give where a path leads, or None where a directory on the way is missing.

        The last name is followed only with `follow`, and need not be there.

        Raises:
            OSError: the kernel refuses a step.
            InvalidError: no file can have such a name.
        """
        walk = _Walk(self.path, path, follow=follow)
        try:
            yield walk.end()
        finally:
            walk.close()

    @contextmanager
    def place_to_change(self, path: str) -> Iterator[Place]:
        """Give where an entry is or goes; its directory is there.

        A symlink of an unprivileged user may lead only into that user's own directories: otherwise swapping a
        directory of theirs for a symlink would have the agent write elsewhere with its own rights.

        Raises:
            OSError: the kernel refuses a step.
            UnavailableError: the directory is missing, or another user's symlink leads to it.
        """
        with self.place(path, follow=False) as place:
            if place is None:
                raise UnavailableError("expected its directory to be there, found none; make it first")
            owner = os.fstat(place.directory).st_uid
            foreign = sorted(place.link_owners - {owner})
            if foreign:
                raise UnavailableError(
                    f"expected a path that its owner alone decides on, found that a symlink of uid {foreign[0]} leads"
                    f" to a directory of uid {owner}; name the directory itself, or give the symlink to root"
                )
            yield place


class _Walk:
    """One walk from the root. It holds one descriptor at a time, however deep the path."""

    def __init__(self, root: str, path: str, *, follow: bool) -> None:
        check_text_of_path(path)
        if len(os.fsencode(path)) > MAX_PATH_BYTES:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        self._root = root
        self._follow = follow
        self._pending = list(reversed(path.split("/")))
        self._done: list[str] = []
        self._links = 0
        self._link_owners: set[int] = set()
        self._directory = self._open_root()

    def close(self) -> None:
        os.close(self._directory)

    def end(self) -> Place | None:
        """Return where the path ends."""
        steps = 0
        while self._pending:
            steps += 1
            if steps > MAX_STEPS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            name = self._pending.pop()
            if name in ("", "."):
                continue
            if name == "..":
                self._leave()
                continue
            if not self._pending:
                if self._follow and self._follows(name):
                    continue
                return Place(self._directory, name, frozenset(self._link_owners))
            if not self._enters(name) and not self._follows(name):
                return None
        return Place(self._directory, ".", frozenset(self._link_owners))

    def _leave(self) -> None:
        """Go to the directory above, by walking there anew: one that was moved meanwhile has another `..`."""
        if self._done:
            self._pending += reversed(self._done[:-1])
            self._restart()

    def _restart(self) -> None:
        self._done = []
        self._move_to(self._open_root())

    def _open_root(self) -> int:
        try:
            return os.open(self._root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            if error.errno not in ABSENT:
                raise
            raise UnavailableError(
                f"expected the folder {self._root} that --root names, found none; make it, or enrol with another --root"
            ) from error

    def _move_to(self, directory: int) -> None:
        os.close(self._directory)
        self._directory = directory

    def _enters(self, name: str) -> bool:
        """Enter a directory, or return False where the name is none."""
        try:
            self._move_to(os.open(name, _DIRECTORY, dir_fd=self._directory))
        except OSError as error:
            if error.errno in (*ABSENT, errno.ELOOP):
                return False
            raise
        self._done.append(name)
        return True

    def _follows(self, name: str) -> bool:
        """Put a symlink's target in front of what is left to walk, or return False where the name is none."""
        target = self._target(name)
        if target is None:
            return False
        self._links += 1
        if self._links > MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        self._pending += reversed(target.split("/"))
        if target.startswith("/"):
            self._restart()
        return True

    def _target(self, name: str) -> str | None:
        try:
            entry = os.open(name, _ENTRY, dir_fd=self._directory)
        except OSError as error:
            if error.errno in ABSENT:
                return None
            raise
        try:
            target = os.readlink("", dir_fd=entry)
            owner = os.fstat(entry).st_uid
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):  # both mean: no symlink
                return None
            raise
        finally:
            os.close(entry)
        if owner not in (0, os.geteuid()):
            self._link_owners.add(owner)
        return target

"""The executor of `RemoveDirectory`."""

import os
import secrets

from vigo.agent.host.entry import Entry, entry_at
from vigo.agent.host.faults import ABSENT
from vigo.agent.host.files import called
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.replacement import PREFIX
from vigo.agent.host.root import Place
from vigo.catalog.ops import RemoveDirectory
from vigo.core.errors import UnavailableError

MAX_DEPTH = 64
"""How deep the removal goes by itself. What is deeper is moved up first: one descriptor is open a level."""

MOUNTS = "/proc/self/mountinfo"
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_directory(op: RemoveDirectory, host: RealHost) -> None:
    """Remove a directory; with `recursive` what is in it too, symlinks as what they are.

    Raises:
        OSError: the kernel refuses; what was removed before that is gone.
        UnavailableError: there is no directory, or another file system is mounted in it.
    """
    with host.root.place_to_change(op.path) as place:
        with entry_at(place) as entry:
            if entry is None or entry.kind != "directory":
                found = "nothing" if entry is None else called(entry.kind)
                raise UnavailableError(f"expected a directory to remove, found {found}")
            if place.name == ".":
                raise UnavailableError(
                    "expected a directory below the root, found the root itself; it is never removed"
                )
            if op.recursive:
                empty_directory(place, entry)
        os.rmdir(place.name, dir_fd=place.directory)


def empty_directory(place: Place, entry: Entry) -> None:
    """Remove what is in a directory, symlinks as what they are; `entry` is what is at the place.

    Raises:
        OSError: the kernel refuses; what was removed before that is gone.
        UnavailableError: another file system is mounted in it.
    """
    require_no_mounts(entry)
    _Removal(place, entry.stat.st_dev).empty()


class _Removal:
    """Empties one directory on one file system."""

    def __init__(self, place: Place, device: int) -> None:
        self._place = place
        self._device = device
        self._moved = 0

    def empty(self) -> None:
        """Remove what is in the directory."""
        top = os.open(self._place.name, _OPEN, dir_fd=self._place.directory)
        try:
            moved = -1
            while moved != self._moved:  # what was moved up is in the directory now
                moved = self._moved
                self._empty(top, top, 1)
        finally:
            os.close(top)

    def _empty(self, directory: int, top: int, depth: int) -> None:
        for name in os.listdir(directory):
            try:
                os.unlink(name, dir_fd=directory)
            except IsADirectoryError:
                self._remove(name, directory, top, depth)
            except OSError as error:
                if error.errno not in ABSENT:  # somebody else removed it
                    raise

    def _remove(self, name: str, directory: int, top: int, depth: int) -> None:
        if depth >= MAX_DEPTH:
            self._moved += 1
            # A name of its own, since a killed run may have left some.
            os.rename(name, f"{PREFIX}{secrets.token_hex(8)}", src_dir_fd=directory, dst_dir_fd=top)
            return
        inner = os.open(name, _OPEN, dir_fd=directory)
        try:
            if os.fstat(inner).st_dev != self._device:
                raise UnavailableError(f"expected one file system, found another mounted at {name}; unmount it first")
            self._empty(inner, top, depth + 1)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=directory)


def require_no_mounts(entry: Entry) -> None:
    """Accept a directory in which nothing is mounted, a part of its own file system neither.

    Source: proc_pid_mountinfo(5), the fifth field; blanks and backslashes in it are octal escapes.

    Raises:
        UnavailableError: something is mounted at the directory or in it.
    """
    top = os.fsencode(os.readlink(entry.handle))  # noqa: PTH115 - a handle, not a path that is kept
    try:
        with open(MOUNTS, "rb") as stream:  # noqa: PTH123 - a file of the kernel
            points = [line.split()[4].decode("unicode_escape").encode("latin-1") for line in stream]
    except FileNotFoundError:
        return
    mounted = next((point for point in points if point == top or point.startswith(top.rstrip(b"/") + b"/")), None)
    if mounted is not None:
        raise UnavailableError(
            f"expected nothing mounted in it, found a file system at {os.fsdecode(mounted)}; nothing was removed:"
            " unmount it first"
        )

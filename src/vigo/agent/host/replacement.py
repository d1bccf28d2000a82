"""Putting a new entry in the place of an old one at once: under a temporary name beside it, then renamed."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from vigo.agent.host.faults import ABSENT
from vigo.agent.host.root import Place

PREFIX = ".vigo-new-"
"""How the name of an entry begins that is not in its place yet. After a kill the next write to the place removes it."""

_MAX_NAME_BYTES = 255


def temporary_name(name: str) -> str:
    """Return the name that a new entry has until it takes its place.

    It is the same each time, so that what a killed run left is found without listing the directory. It begins with a
    dot, which programs that read a whole folder pass over, and ends as the name does, for validators that look at it.
    """
    mark = PREFIX + hashlib.sha256(os.fsencode(name)).hexdigest()[:12]
    whole = f"{mark}-{name}"
    return whole if len(os.fsencode(whole)) <= _MAX_NAME_BYTES else mark


@contextmanager
def replacing(place: Place) -> Iterator[str]:
    """Give the temporary name for a new entry of a place; what is left under it at the end is removed.

    Raises:
        OSError: the leftover of a killed run cannot be removed.
    """
    name = temporary_name(place.name)
    _remove(place.directory, name)
    try:
        yield name
    finally:
        # A rename between two names of one file does nothing at all, so something may be left after a success too.
        with suppress(OSError):
            _remove(place.directory, name)


def take_place(place: Place, temporary: str, name: str | None = None) -> None:
    """Give a new entry its place, or another name beside it, and return when that is on the disk.

    Raises:
        OSError: the kernel refuses, say since a directory is there.
    """
    os.rename(temporary, name or place.name, src_dir_fd=place.directory, dst_dir_fd=place.directory)
    sync_directory(place)


def sync_directory(place: Place) -> None:
    """Return when the names in the directory are on the disk. Source: fsync(2)."""
    try:
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place.directory)
    except PermissionError:  # it may be written to and not be read
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system without it
            raise
    finally:
        os.close(descriptor)


def _remove(directory: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=directory)
    except IsADirectoryError:
        os.rmdir(name, dir_fd=directory)
    except OSError as error:
        if error.errno not in ABSENT:
            raise

"""What is at a place, held by a descriptor: looked at and changed without being found by its name a second time."""

import fcntl
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from vigo.agent.host.faults import ABSENT
from vigo.agent.host.files import kind_of
from vigo.agent.host.root import Place
from vigo.catalog.api import FileKind
from vigo.core.errors import UnavailableError

_FS_IOC_GETFLAGS, _IMMUTABLE, _APPEND_ONLY = 0x80086601, 0x10, 0x20
"""Source: ioctl_iflags(2)."""
_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Entry(NamedTuple):
    """A file, directory, symlink or other thing. The descriptor (O_PATH) does not read, follow or wait."""

    descriptor: int
    stat: os.stat_result

    @property
    def kind(self) -> FileKind:
        """What it is."""
        return kind_of(self.stat.st_mode)

    @property
    def handle(self) -> str:
        """A path that leads to this very entry, whatever happened to its name. Source: proc_pid_fd(5)."""
        return f"/proc/self/fd/{self.descriptor}"


@contextmanager
def entry_at(place: Place) -> Iterator[Entry | None]:
    """Give what is at a place, or None where nothing is.

    Raises:
        OSError: the kernel refuses.
    """
    try:
        descriptor = os.open(place.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place.directory)
    except OSError as error:
        if error.errno not in ABSENT:
            raise
        yield None
        return
    try:
        yield Entry(descriptor, os.fstat(descriptor))
    finally:
        os.close(descriptor)


@contextmanager
def entry_to_change(place: Place) -> Iterator[Entry]:
    """Give what is at a place, to change its owner or mode.

    Raises:
        OSError: the kernel refuses.
        UnavailableError: nothing is there, or the owner of the directory may have put somebody else's file there.
    """
    with entry_at(place) as entry:
        if entry is None:
            raise UnavailableError("expected something to change, found nothing; make it first")
        directory_owner = os.fstat(place.directory).st_uid
        is_anothers = directory_owner not in (0, os.geteuid(), entry.stat.st_uid)
        if entry.kind != "directory" and entry.stat.st_nlink > 1 and is_anothers:
            raise UnavailableError(
                f"expected a file with one name in a directory of uid {directory_owner}, found a hard link to a file"
                f" of uid {entry.stat.st_uid}: it may be another's; remove the link"
            )
        yield entry


def require_changeable(place: Place) -> None:
    """Accept a file that the file system lets be replaced.

    Raises:
        UnavailableError: somebody made it immutable or append-only.
    """
    try:
        descriptor = os.open(place.name, _LOOK, dir_fd=place.directory)
    except OSError:  # what keeps it from being read need not keep it from being replaced
        return
    try:
        flags = int.from_bytes(fcntl.ioctl(descriptor, _FS_IOC_GETFLAGS, bytes(8))[:4], sys.byteorder)
    except OSError:  # this file system has no such attributes
        return
    finally:
        os.close(descriptor)
    for flag, called, option in ((_IMMUTABLE, "immutable", "i"), (_APPEND_ONLY, "append-only", "a")):
        if flags & flag:
            raise UnavailableError(
                f"expected a file that may be changed, found that somebody made it {called}; if that is no longer"
                f" wanted run `chattr -{option}` on it"
            )


def change_owner(handle: str | int, uid: int | None, gid: int | None) -> None:
    """Set the owner, the group, or both, by a descriptor or the handle of an entry.

    Raises:
        OSError: the kernel refuses.
        UnavailableError: only root may give files away, and the agent is not root.
    """
    try:
        os.chown(handle, -1 if uid is None else uid, -1 if gid is None else gid)
    except PermissionError as error:
        if os.geteuid() == 0:
            raise
        wanted = f"uid {uid}" if uid not in (None, os.geteuid()) else f"gid {gid}"
        raise UnavailableError(
            f"expected to be root to give it to {wanted}, found that the agent runs as uid {os.geteuid()}; run the"
            " agent as root, or leave the owner out"
        ) from error


def change_mode(handle: str | int, mode: int) -> None:
    """Set the permission bits, by a descriptor or the handle of an entry that is no symlink.

    Raises:
        OSError: the kernel refuses.
        UnavailableError: it took bits away.
    """
    os.chmod(handle, mode)  # noqa: PTH101 - a handle may be a descriptor
    found = stat.S_IMODE(os.stat(handle).st_mode)  # noqa: PTH116 - the same
    if found != mode:
        raise UnavailableError(
            f"expected mode {mode:04o}, found that the kernel leaves {found:04o}; only root, or a member of the"
            " file's group, may set these bits"
        )

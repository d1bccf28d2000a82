"""Folders into which archives are unpacked: writing a new tree, moving it into place, removing what a record names.

All is done from one open folder, and no step follows a symlink: who swaps a directory of the folder for one meanwhile
makes a step fail. A tree that is being written is the agent's alone.
"""

import ctypes
import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from vigo.agent.host.entry import change_mode, change_owner, entry_at
from vigo.agent.host.faults import ABSENT
from vigo.agent.host.files import called, kind_of
from vigo.agent.host.remove_directory import empty_directory
from vigo.agent.host.replacement import replacing, take_place
from vigo.agent.host.root import Place
from vigo.agent.host.write_file import write_all
from vigo.catalog.api import FileKind
from vigo.catalog.formats.archive_members import Member
from vigo.catalog.formats.archive_record import RECORD, ArchiveRecord, parse_record, record_text
from vigo.core.errors import InvalidError, UnavailableError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_IN_USE = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY})
_PARENT_MODE = 0o755
_MAX_RECORD_BYTES = 64 * 1024 * 1024


@contextmanager
def opened_folder(place: Place) -> Iterator[int]:
    """Give the descriptor of the directory at a place; a symlink is refused.

    Raises:
        OSError: the kernel refuses.
    """
    descriptor = os.open(place.name, _FOLDER, dir_fd=place.directory)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def new_folder(place: Place) -> Iterator[int]:
    """Give the descriptor of a new directory at a place, the agent's alone; what is there then is removed at the end.

    What a killed run left there goes first.

    Raises:
        OSError: the kernel refuses.
        UnavailableError: what is there cannot be removed.
    """
    remove_entry(place)
    os.mkdir(place.name, 0o700, dir_fd=place.directory)
    try:
        with opened_folder(place) as folder:
            if os.fstat(folder).st_uid != os.geteuid() or os.listdir(folder):  # noqa: PTH208 - of a descriptor
                raise UnavailableError("expected the new folder to be left alone, found that somebody replaced it")
            yield folder
    finally:
        with suppress(OSError, UnavailableError):
            remove_entry(place)


def remove_entry(place: Place) -> None:
    """Remove whatever is at a place, a directory with what is in it.

    Raises:
        OSError: the kernel refuses.
        UnavailableError: another file system is mounted in it.
    """
    with entry_at(place) as entry:
        if entry is None:
            return
        if entry.kind != "directory":
            os.unlink(place.name, dir_fd=place.directory)
            return
        empty_directory(place, entry)
    os.rmdir(place.name, dir_fd=place.directory)


class TreeWriter:
    """Writes the members of an archive into a new folder, each with its final owner and mode."""

    def __init__(self, folder: int, uid: int | None, gid: int | None) -> None:
        self._folder = folder
        self._uid, self._gid = uid, gid

    def write(self, member: Member, content: Iterable[bytes]) -> None:
        """Write one member, and the directories on its way.

        Raises:
            OSError: the kernel refuses.
            UnavailableError: it cannot be given its owner or mode.
        """
        for parent in member.parents:
            self._make(parent, _PARENT_MODE)
        match member.kind:
            case "directory":
                self._make(member.path, member.mode)
            case "symlink":
                os.symlink(member.to, member.path, dir_fd=self._folder)
                if (self._uid, self._gid) != (None, None):
                    uid, gid = (-1 if one is None else one for one in (self._uid, self._gid))
                    os.chown(member.path, uid, gid, dir_fd=self._folder, follow_symlinks=False)
            case "hard link":
                names = {"src_dir_fd": self._folder, "dst_dir_fd": self._folder}
                os.link(member.to, member.path, **names, follow_symlinks=False)
            case "file":
                self._write(member, content)

    def _make(self, path: str, mode: int) -> None:
        os.mkdir(path, 0o700, dir_fd=self._folder)
        descriptor = os.open(path, _FOLDER, dir_fd=self._folder)
        try:
            self.settle(descriptor, mode)
        finally:
            os.close(descriptor)

    def _write(self, member: Member, content: Iterable[bytes]) -> None:
        descriptor = os.open(member.path, _NEW, 0o600, dir_fd=self._folder)
        try:
            for chunk in content:
                write_all(descriptor, chunk)
            self.settle(descriptor, member.mode)
        finally:
            os.close(descriptor)

    def settle(self, descriptor: int, mode: int) -> None:
        """Give what is open its owner and mode.

        Raises:
            OSError, UnavailableError: it cannot be given them.
        """
        if (self._uid, self._gid) != (None, None):
            change_owner(descriptor, self._uid, self._gid)
        change_mode(descriptor, mode)


def sync_file_system(folder: int) -> None:
    """Return when all of the folder's file system is on the disk; others, which may hang, are left alone.

    Raises:
        OSError: the disk failed.
    """
    # Source: syncfs(2). Python has sync(2) alone, which waits for every file system of the machine.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syncfs(ctypes.c_int(folder)) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def read_record(folder: int) -> ArchiveRecord | None:
    """Return the record in a folder, if there is one.

    Raises:
        InvalidError: it is damaged.
        OSError: it cannot be read.
        UnavailableError: others than the agent may have written it.
    """
    try:
        descriptor = os.open(RECORD, _READ, dir_fd=folder)
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise
    with os.fdopen(descriptor, "rb") as stream:
        found = os.fstat(descriptor)
        is_ours = found.st_uid in (0, os.geteuid()) and found.st_nlink == 1 and not found.st_mode & 0o022
        if not stat.S_ISREG(found.st_mode) or not is_ours or found.st_size > _MAX_RECORD_BYTES:
            raise UnavailableError(
                f"expected {RECORD} to be a file that only the agent writes, found one of uid {found.st_uid} with mode"
                f" {stat.S_IMODE(found.st_mode):04o}; look who changed it, and remove it"
            )
        return parse_record(stream.read())


def write_record(folder: int, record: ArchiveRecord) -> None:
    """Put a record into a folder at once, readable for the agent alone, and return when it is on the disk.

    Raises:
        OSError: the kernel refuses.
    """
    place = Place(folder, RECORD)
    with replacing(place) as temporary:
        descriptor = os.open(temporary, _NEW, 0o600, dir_fd=folder)
        try:
            write_all(descriptor, record_text(record))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        take_place(place, temporary)


def remove_recorded(folder: int, files: Iterable[str], directories: Iterable[str]) -> None:
    """Remove files, and the directories that are empty then; what is something else by now stays.

    Raises:
        OSError: the kernel refuses.
    """
    for path in files:
        with _parent_of(folder, path) as parent:
            if parent is not None:
                with suppress(FileNotFoundError, IsADirectoryError):
                    os.unlink(path.rpartition("/")[2], dir_fd=parent)
    for path in sorted(directories, key=lambda one: one.count("/"), reverse=True):
        with _parent_of(folder, path) as parent:
            try:
                if parent is not None:
                    os.rmdir(path.rpartition("/")[2], dir_fd=parent)
            except OSError as error:
                if error.errno not in (*ABSENT, *_IN_USE):
                    raise


@contextmanager
def _parent_of(folder: int, path: str) -> Iterator[int | None]:
    """Give the directory that holds a path, if it is still one of the folder's own file system."""
    device, current = os.fstat(folder).st_dev, os.dup(folder)
    try:
        for name in path.split("/")[:-1]:
            try:
                inner = os.open(name, _FOLDER, dir_fd=current)
            except OSError as error:
                if error.errno not in (*ABSENT, errno.ELOOP):
                    raise
                yield None
                return
            os.close(current)
            current = inner
            if os.fstat(current).st_dev != device:
                yield None
                return
        yield current
    finally:
        os.close(current)


def require_room(new: int, folder: int, former: ArchiveRecord | None) -> tuple[str, ...]:
    """Return the directories of a new tree that the folder lacks, if no foreign file is in the way of any entry.

    Raises:
        InvalidError: something is that no archive brought.
        OSError: the kernel refuses.
    """
    files, directories = ((), ()) if former is None else (former.files, former.directories)
    return tuple(_require_room(new, folder, "", _Ours(frozenset(files), frozenset(directories))))


class _Ours(NamedTuple):
    files: frozenset[str]
    directories: frozenset[str]


def _require_room(new: int, folder: int, prefix: str, ours: _Ours) -> Iterator[str]:
    for name in os.listdir(new):
        path = f"{prefix}{name}"
        is_directory = stat.S_ISDIR(os.stat(name, dir_fd=new, follow_symlinks=False).st_mode)
        try:
            found = kind_of(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
        except FileNotFoundError:
            found = None
        if is_directory and found == "directory":
            with opened_folder(Place(new, name)) as one, opened_folder(Place(folder, name)) as other:
                yield from _require_room(one, other, f"{path}/", ours)
            continue
        if found is not None and path not in (ours.directories if found == "directory" else ours.files):
            raise _in_the_way(path, found)
        if found == "directory":
            with opened_folder(Place(folder, name)) as inner:
                _require_ours(inner, f"{path}/", ours)
        if is_directory:
            yield path
            with opened_folder(Place(new, name)) as one:
                yield from (f"{path}/{inner}" for inner in _directories_in(one))


def _require_ours(folder: int, prefix: str, ours: _Ours) -> None:
    """Accept a directory that goes, if all in it came from archives."""
    for name in os.listdir(folder):
        path, found = f"{prefix}{name}", kind_of(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
        if path not in (ours.directories if found == "directory" else ours.files):
            raise _in_the_way(path, found)
        if found == "directory":
            with opened_folder(Place(folder, name)) as inner:
                _require_ours(inner, f"{path}/", ours)


def _in_the_way(path: str, found: FileKind) -> InvalidError:
    return InvalidError(
        f"expected nothing at {path} in the folder, or what an earlier archive brought, found {called(found)} of"
        " others; nothing was changed: move or remove it, or choose another path"
    )


def _directories_in(folder: int) -> Iterator[str]:
    for name in os.listdir(folder):
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            yield name
            with opened_folder(Place(folder, name)) as inner:
                yield from (f"{name}/{one}" for one in _directories_in(inner))


def move_in(new: int, folder: int, ours: frozenset[str], prefix: str = "") -> None:
    """Move all of a new tree into the folder: each file takes its place at once, a missing directory as a whole.

    Directories that are there keep their owner and mode unless they are `ours`.

    Raises:
        OSError: the kernel refuses.
        UnavailableError: a directory cannot be given its owner or mode.
    """
    for name in os.listdir(new):
        if not _is_directory(new, name) or not _is_directory(folder, name):
            os.rename(name, name, src_dir_fd=new, dst_dir_fd=folder)
            continue
        path = f"{prefix}{name}"
        with opened_folder(Place(new, name)) as one, opened_folder(Place(folder, name)) as other:
            move_in(one, other, ours, f"{path}/")
            if path in ours:
                wanted = os.fstat(one)
                change_owner(other, wanted.st_uid, wanted.st_gid)
                change_mode(other, stat.S_IMODE(wanted.st_mode))
        os.rmdir(name, dir_fd=new)


def _is_directory(folder: int, name: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False

"""Reading the host's files."""

import errno
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from vigo.agent.host.faults import ABSENT, reading, told
from vigo.agent.host.kept_files import KEPT, Content, KeptFiles
from vigo.agent.host.look import Look, mark_of
from vigo.agent.host.root import Place, Root
from vigo.agent.machine import Marks
from vigo.catalog.api import FileKind, FileStat
from vigo.core.errors import TooLargeError, UnavailableError, VigoError

LABEL = "security.selinux"
"""The extended attribute that holds a file's SELinux context."""

MAX_FILE_BYTES = 64 * 1024 * 1024
"""The largest file that is read whole; a larger one is no settings file, and the agent's memory is bounded."""

_CHUNK_BYTES = 1024 * 1024
_FIRST_CHUNK_BYTES = 16 * 1024
_MAX_PLAIN_CHARACTERS = 1000
# Without O_NONBLOCK opening a pipe waits for a writer, without O_NOCTTY a terminal would become the agent's own.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def kind_of(mode: int) -> FileKind:
    """Return what a file's mode says that it is."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    return "symlink" if stat.S_ISLNK(mode) else "other"


def called(kind: FileKind) -> str:
    """Return a kind as a message names it."""
    return "a device, socket or pipe" if kind == "other" else f"a {kind}"


class RealFiles:
    """The files beneath a root, to read."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self.kept = KeptFiles()
        self._look: Look | None = None
        self._born_ns = time.time_ns()

    @property
    def look(self) -> Look | None:
        """The look that is being taken, if one is."""
        return self._look

    @contextmanager
    def one_look(self) -> Iterator[Look]:
        """Give what is seen within this. A path is told of as it was first: a look at one resource asks repeatedly.

        A program that runs meanwhile ends that: see `look_again`.
        """
        self._look = Look(self._born_ns)
        try:
            yield self._look
        finally:
            self._look = None

    def look_again(self) -> None:
        """Forget what was told of paths within `one_look`."""
        if self._look is not None:
            self._look.start_again()

    def followed(self, path: str) -> os.stat_result | None:
        """Return what a path leads to.

        Raises:
            UnavailableError: it cannot be told.
        """
        return self._stat(path, follow=True)

    def has_moved(self, marks: Marks) -> bool:
        """Return whether what was seen by a look is another now, or can no longer be told."""
        try:
            return any(mark_of(self._stat(path, follow=is_followed)) != mark for path, is_followed, mark in marks)
        except VigoError:
            return True

    def stat(self, path: str) -> FileStat | None:
        """Return what is at the path itself; the last component is not followed.

        Raises:
            UnavailableError: it cannot be told.
        """
        look = self._look
        if look is None:
            found = self._stat(path, follow=False)
        elif path in look.seen:
            found = look.seen[path]
        else:
            look.asks()
            found = self._stat(path, follow=False)
            look.saw(path, found)
        if found is None:
            return None
        return FileStat(
            kind=kind_of(found.st_mode),
            mode=stat.S_IMODE(found.st_mode),
            uid=found.st_uid,
            gid=found.st_gid,
            size_bytes=found.st_size,
            links=found.st_nlink,
            inode=found.st_ino,
            device=found.st_dev,
            mtime_ns=found.st_mtime_ns,
        )

    def read_bytes(self, path: str) -> bytes | None:
        """Return the content of a regular file, following symlinks inside the root.

        Raises:
            UnavailableError: it cannot be read, or is no regular file.
            TooLargeError: it is over 64 MiB.
        """
        look = self._look
        if look is not None:
            look.asks()
        content = self.kept.get(path, lambda: self._read_now(path)) if path in KEPT else self._read_now(path)
        if look is not None:
            look.followed(path, None if content is None else content.entry, 0 if content is None else len(content.data))
        return None if content is None else content.data

    def _read_now(self, path: str) -> Content | None:
        if self._is_direct(path):
            seen = None if self._look is None else self._look.seen.get(path)
            with reading(path):
                return _read(path, None, _READ & ~os.O_NOFOLLOW, seen)
        with reading(path), self.root.place(path, follow=True) as place:
            return None if place is None else _read(place.name, place.directory, _READ)

    def read_text(self, path: str) -> str | None:
        """Return a file's content as UTF-8, undecodable bytes replaced, or None where it is absent."""
        content = self.read_bytes(path)
        return None if content is None else content.decode(errors="replace")

    def read_digest(self, path: str) -> str | None:
        """Return the SHA-256 of a regular file of any size, following symlinks inside the root.

        Raises:
            UnavailableError: it cannot be read, or is no regular file.
        """
        look = self._look
        if look is not None:
            look.asks()
        with reading(path), self.root.place(path, follow=True) as place:
            found = None if place is None else _digest(place)
        if look is not None:
            look.followed(path, None if found is None else found.entry, None if found is None else found.entry.st_size)
        return None if found is None else found.digest

    def read_link(self, path: str) -> str | None:
        """Return a symlink's target as written, or None where there is no symlink.

        Raises:
            UnavailableError: it cannot be told.
        """
        if self._look is not None:
            self.stat(path)
        if self._is_direct(path):
            with reading(path):
                return _target(path, None)
        with reading(path), self.root.place(path, follow=False) as place:
            return None if place is None else _target(place.name, place.directory)

    def read_label(self, path: str) -> str | None:
        """Return the SELinux context of what is at the path itself, or None where it has none. Source: xattr(7).

        Raises:
            UnavailableError: it cannot be told.
        """
        if self._look is not None:
            self.stat(path)  # its times tell of another label too
        with reading(path), self.root.place(path, follow=False) as place:
            return None if place is None else _label(place)

    def list_directory(self, path: str) -> tuple[str, ...] | None:
        """Return the names in a directory, sorted, or None where there is no directory.

        Raises:
            UnavailableError: it cannot be read.
        """
        look = self._look
        if look is not None:
            look.asks()
        with reading(path), self.root.place(path, follow=True) as place:
            found = None if place is None else _listed(place)
        if look is not None:
            look.followed(path, None if found is None else found.entry)
        return None if found is None else found.names

    def has_program_at(self, path: str) -> bool:
        """Return whether a file that may be run is at a path, following symlinks inside the root."""
        look = self._look
        if look is not None:
            look.asks()
        found = self._stat(path, follow=True)
        if look is not None:
            look.followed(path, found)
        return found is not None and stat.S_ISREG(found.st_mode) and bool(found.st_mode & 0o111)

    def _stat(self, path: str, *, follow: bool) -> os.stat_result | None:
        if self._is_direct(path):
            try:
                return os.stat(path, follow_symlinks=follow)  # noqa: PTH116 - a Path costs more than the call
            except OSError as error:
                if error.errno in ABSENT:
                    return None
                raise UnavailableError(f"{path}: cannot be read: {told(error)}") from error
        with reading(path), self.root.place(path, follow=follow) as place:
            if place is None:
                return None
            try:
                return os.stat(place.name, dir_fd=place.directory, follow_symlinks=False)
            except OSError as error:
                if error.errno in ABSENT:
                    return None
                raise

    def _is_direct(self, path: str) -> bool:
        """Return whether the kernel may walk a path: on the machine itself it leads where our own walk would.

        What is only looked at needs no other care, and it takes one call of the kernel rather than one for each name.
        """
        if self.root.is_image or len(path) >= _MAX_PLAIN_CHARACTERS:
            return False
        return path[:1] == "/" and path[-1:] != "/" and path.isprintable()


def _label(place: Place) -> str | None:
    entry = f"/proc/self/fd/{place.directory}/{place.name}"
    try:
        found = os.getxattr(entry, LABEL, follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP, *ABSENT):
            return None
        raise
    return found.rstrip(b"\0").decode(errors="replace")


def _target(name: str, directory: int | None) -> str | None:
    try:
        return os.readlink(name, dir_fd=directory)
    except OSError as error:
        if error.errno in (errno.EINVAL, *ABSENT):
            return None
        raise


class _Digested(NamedTuple):
    entry: os.stat_result
    digest: str


class _Listed(NamedTuple):
    entry: os.stat_result
    names: tuple[str, ...]


def _listed(place: Place) -> _Listed | None:
    try:
        descriptor = os.open(place.name, _READ | os.O_DIRECTORY, dir_fd=place.directory)
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise
    try:
        # Before the names are read: what comes or goes meanwhile is then told of by its times.
        found = os.fstat(descriptor)
        return _Listed(found, tuple(sorted(os.listdir(descriptor))))  # noqa: PTH208 - of a descriptor
    finally:
        os.close(descriptor)


def _read(name: str, directory: int | None, flags: int, seen: os.stat_result | None = None) -> Content | None:
    """Return a file's content. `seen` is what was at the path itself when it was looked at, a moment ago."""
    try:
        # Opening a device can act on it, so it is looked at first.
        if seen is None or not stat.S_ISREG(seen.st_mode):
            _require_regular(os.stat(name, dir_fd=directory, follow_symlinks=not flags & os.O_NOFOLLOW))
        descriptor = os.open(name, flags, dir_fd=directory)
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise
    try:
        found = os.fstat(descriptor)
        return Content(_content(descriptor, found), found)
    finally:
        os.close(descriptor)


def _digest(place: Place) -> _Digested | None:
    try:
        # Opening a device can act on it, so it is looked at first.
        _require_kind(os.stat(place.name, dir_fd=place.directory, follow_symlinks=False))
        descriptor = os.open(place.name, _READ, dir_fd=place.directory)
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        found = os.fstat(descriptor)
        _require_kind(found)
        return _Digested(found, hashlib.file_digest(stream, "sha256").hexdigest())


def _require_kind(found: os.stat_result) -> None:
    kind = kind_of(found.st_mode)
    if kind != "file":
        raise UnavailableError(f"expected a regular file, found {called(kind)}")


def _require_regular(found: os.stat_result) -> None:
    _require_kind(found)
    if found.st_size > MAX_FILE_BYTES:
        raise _too_large(f"{found.st_size} bytes")


def _content(descriptor: int, found: os.stat_result) -> bytes:
    """Return all that there is; files of /proc say that they are empty and are not."""
    _require_regular(found)
    if 0 < found.st_size < _CHUNK_BYTES:
        first = os.read(descriptor, found.st_size + 1)
        if len(first) == found.st_size:
            return first
        os.lseek(descriptor, 0, os.SEEK_SET)  # it grows or shrinks meanwhile
    chunks: list[bytes] = []
    size_bytes = 0
    # Of a file in /proc/sys the kernel clears as much memory as is asked for, which costs far more than the value.
    wanted_bytes = _FIRST_CHUNK_BYTES
    while chunk := os.read(descriptor, wanted_bytes):
        wanted_bytes = _CHUNK_BYTES if len(chunk) == wanted_bytes else wanted_bytes
        size_bytes += len(chunk)
        if size_bytes > MAX_FILE_BYTES:
            raise _too_large("more")
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(found: str) -> TooLargeError:
    return TooLargeError(f"expected at most {MAX_FILE_BYTES} bytes, found {found}; a policy cannot hold such a file")

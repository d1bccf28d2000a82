"""Reading the host's files."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from vigo.agent.host.faults import ABSENT, reading, told
from vigo.agent.host.kept_files import KEPT, KeptFiles
from vigo.agent.host.root import Place, Root
from vigo.catalog.api import FileKind, FileStat
from vigo.core.errors import TooLargeError, UnavailableError

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
        self._seen: dict[str, os.stat_result | None] | None = None

    @contextmanager
    def one_look(self) -> Iterator[None]:
        """Within this, tell of a path what was told of it first: a look at one resource asks for its path repeatedly.

        A program that runs meanwhile ends that: see `look_again`.
        """
        self._seen = {}
        try:
            yield
        finally:
            self._seen = None

    def look_again(self) -> None:
        """Forget what was told of paths within `one_look`."""
        if self._seen is not None:
            self._seen = {}

    def stat(self, path: str) -> FileStat | None:
        """Return what is at the path itself; the last component is not followed.

        Raises:
            UnavailableError: it cannot be told.
        """
        if self._seen is None:
            found = self._lstat(path, follow=False)
        elif path in self._seen:
            found = self._seen[path]
        else:
            found = self._seen[path] = self._lstat(path, follow=False)
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
        return self.kept.get(path, lambda: self._read_now(path)) if path in KEPT else self._read_now(path)

    def _read_now(self, path: str) -> bytes | None:
        if self._is_direct(path):
            seen = None if self._seen is None else self._seen.get(path)
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
        with reading(path), self.root.place(path, follow=True) as place:
            return None if place is None else _digest(place)

    def read_link(self, path: str) -> str | None:
        """Return a symlink's target as written, or None where there is no symlink.

        Raises:
            UnavailableError: it cannot be told.
        """
        if self._is_direct(path):
            with reading(path):
                return _target(path, None)
        with reading(path), self.root.place(path, follow=False) as place:
            return None if place is None else _target(place.name, place.directory)

    def list_directory(self, path: str) -> tuple[str, ...] | None:
        """Return the names in a directory, sorted, or None where there is no directory.

        Raises:
            UnavailableError: it cannot be read.
        """
        with reading(path), self.root.place(path, follow=True) as place:
            if place is None:
                return None
            try:
                descriptor = os.open(place.name, _READ | os.O_DIRECTORY, dir_fd=place.directory)
            except OSError as error:
                if error.errno in ABSENT:
                    return None
                raise
            try:
                return tuple(sorted(os.listdir(descriptor)))  # noqa: PTH208 - of a descriptor
            finally:
                os.close(descriptor)

    def has_program_at(self, path: str) -> bool:
        """Return whether a file that may be run is at a path, following symlinks inside the root."""
        found = self._lstat(path, follow=True)
        return found is not None and stat.S_ISREG(found.st_mode) and bool(found.st_mode & 0o111)

    def _lstat(self, path: str, *, follow: bool) -> os.stat_result | None:
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


def _target(name: str, directory: int | None) -> str | None:
    try:
        return os.readlink(name, dir_fd=directory)
    except OSError as error:
        if error.errno in (errno.EINVAL, *ABSENT):
            return None
        raise


def _read(name: str, directory: int | None, flags: int, seen: os.stat_result | None = None) -> bytes | None:
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
        return _content(descriptor, os.fstat(descriptor))
    finally:
        os.close(descriptor)


def _digest(place: Place) -> str | None:
    try:
        # Opening a device can act on it, so it is looked at first.
        _require_kind(os.stat(place.name, dir_fd=place.directory, follow_symlinks=False))
        descriptor = os.open(place.name, _READ, dir_fd=place.directory)
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        _require_kind(os.fstat(descriptor))
        return hashlib.file_digest(stream, "sha256").hexdigest()


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

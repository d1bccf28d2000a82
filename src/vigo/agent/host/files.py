"""Reading the host's files."""

import errno
import os
import stat

from vigo.agent.host.faults import ABSENT, reading
from vigo.agent.host.root import Root
from vigo.catalog.api import FileKind, FileStat
from vigo.core.errors import TooLargeError, UnavailableError

MAX_FILE_BYTES = 64 * 1024 * 1024
"""The largest file that is read whole; a larger one is no settings file, and the agent's memory is bounded."""

_CHUNK_BYTES = 1024 * 1024
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

    def stat(self, path: str) -> FileStat | None:
        """Return what is at the path itself; the last component is not followed.

        Raises:
            UnavailableError: it cannot be told.
        """
        found = self._lstat(path, follow=False)
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
        with reading(path), self.root.place(path, follow=True) as place:
            if place is None:
                return None
            try:
                # Opening a device can act on it, so it is looked at first.
                _require_regular(os.stat(place.name, dir_fd=place.directory, follow_symlinks=False))
                descriptor = os.open(place.name, _READ, dir_fd=place.directory)
            except OSError as error:
                if error.errno in ABSENT:
                    return None
                raise
            try:
                _require_regular(os.fstat(descriptor))
                return _content(descriptor)
            finally:
                os.close(descriptor)

    def read_text(self, path: str) -> str | None:
        """Return a file's content as UTF-8, undecodable bytes replaced, or None where it is absent."""
        content = self.read_bytes(path)
        return None if content is None else content.decode(errors="replace")

    def read_link(self, path: str) -> str | None:
        """Return a symlink's target as written, or None where there is no symlink.

        Raises:
            UnavailableError: it cannot be told.
        """
        with reading(path), self.root.place(path, follow=False) as place:
            if place is None:
                return None
            try:
                return os.readlink(place.name, dir_fd=place.directory)
            except OSError as error:
                if error.errno in (errno.EINVAL, *ABSENT):
                    return None
                raise

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
        with reading(path), self.root.place(path, follow=follow) as place:
            if place is None:
                return None
            try:
                return os.stat(place.name, dir_fd=place.directory, follow_symlinks=False)
            except OSError as error:
                if error.errno in ABSENT:
                    return None
                raise


def _require_regular(found: os.stat_result) -> None:
    kind = kind_of(found.st_mode)
    if kind != "file":
        raise UnavailableError(f"expected a regular file, found {called(kind)}")
    if found.st_size > MAX_FILE_BYTES:
        raise _too_large(f"{found.st_size} bytes")


def _content(descriptor: int) -> bytes:
    """Return all that there is; files of /proc say that they are empty and are not."""
    chunks: list[bytes] = []
    size_bytes = 0
    while chunk := os.read(descriptor, _CHUNK_BYTES):
        size_bytes += len(chunk)
        if size_bytes > MAX_FILE_BYTES:
            raise _too_large("more")
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(found: str) -> TooLargeError:
    return TooLargeError(f"expected at most {MAX_FILE_BYTES} bytes, found {found}; a policy cannot hold such a file")

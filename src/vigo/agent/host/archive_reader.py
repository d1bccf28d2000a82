"""Reading archives: tar, plain or compressed by gzip, bzip2, xz or zstd, and zip. In bounds, whatever they hold.

What a member may be called and where it may lead is `vigo.catalog.formats.archive_members`'s to say.
"""

import bz2
import gzip
import importlib
import io
import lzma
import os
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, Any, NamedTuple, Protocol

from vigo.catalog.formats.archive_members import Member, MemberKind, Members
from vigo.core.errors import BlockedError, InvalidError, TimedOutError, TooLargeError

MAX_UNPACKED_BYTES = 8 * 1024 * 1024 * 1024
MAX_RATIO = 200
"""How many times as large as the archive its content may be, once that is over `FREE_BYTES`."""

FREE_BYTES = 64 * 1024 * 1024
MAX_AT_ONCE_BYTES = 16 * 1024 * 1024
"""The most that is read at once: tables and extended headers of an archive are held in memory."""

_XZ_MEMORY_BYTES = 256 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_MAX_TARGET_BYTES = 4096
_UNIX, _ENCRYPTED = 3, 0x1
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
# What the libraries raise on damage; an OSError of theirs has no number, one of the kernel has.
_DAMAGE = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError),
    *(ValueError, LookupError, ArithmeticError, RuntimeError),
)


class Readable(Protocol):
    """What a decompressor is read by."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, all that are asked for unless it ends."""
        ...


class Budget:
    """How much an archive may still give, and until when by the monotonic clock."""

    def __init__(self, archive_bytes: int, deadline: float) -> None:
        self._most = min(MAX_UNPACKED_BYTES, max(FREE_BYTES, archive_bytes * MAX_RATIO))
        self._deadline = deadline
        self._read = self._written = 0

    def read(self, size_bytes: int) -> None:
        """Count what a decompressor gave, headers and what is passed over too.

        Raises:
            TimedOutError, TooLargeError: as `write`.
        """
        self._read += size_bytes
        self._require(self._read)

    def write(self, size_bytes: int) -> None:
        """Count what is written; of a sparse file that is more than was read.

        Raises:
            TimedOutError: the time is up.
            TooLargeError: it is more than an archive of this size may give.
        """
        self._written += size_bytes
        self._require(self._written)

    def _require(self, size_bytes: int) -> None:
        if size_bytes > self._most:
            raise TooLargeError(
                f"expected at most {self._most} bytes in an archive of this size, found more; nothing was unpacked:"
                " split it, or look whether it is what it should be"
            )
        if time.monotonic() > self._deadline:
            raise TimedOutError(
                "expected to be done in time, found the archive too large for that; nothing was unpacked"
            )


class Found(NamedTuple):
    """A member, and what opens its content where it is a regular file."""

    member: Member
    open: Callable[[], IO[bytes]] | None = None


def members_of(archive: IO[bytes], members: Members, budget: Budget, folder: str) -> Iterator[Found]:
    """Give the members of an archive, those that `members` accepts, in their order.

    The content of one has to be read before the next is asked for. `folder` is where they will be unpacked.

    Raises:
        BlockedError: this Python cannot read such archives.
        InvalidError: it is no archive, is damaged, or has a member that may not be unpacked.
        TimedOutError, TooLargeError: see `Budget`.
    """
    with reading_archive():
        start = archive.read(6)
        archive.seek(0)
        if start.startswith(_ZIP):
            yield from _of_zip(archive, members)
        else:
            yield from _of_tar(_unpacked(archive, start), members, budget, folder)


@contextmanager
def reading_archive() -> Iterator[None]:
    """Turn what a damaged archive makes the libraries raise into an error that says so.

    Raises:
        InvalidError: it is damaged.
    """
    try:
        yield
    except _DAMAGE as error:
        raise _damaged(error) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(error) from error


def content_of(found: Found, budget: Budget) -> Iterator[bytes]:
    """Give the content of a regular file piece by piece.

    Raises:
        InvalidError: the archive is damaged.
        TimedOutError, TooLargeError: see `Budget`.
    """
    with reading_archive():
        stream = found.open() if found.open is not None else io.BytesIO()
        with stream:
            while chunk := stream.read(_CHUNK_BYTES):
                budget.write(len(chunk))
                yield chunk


def _damaged(error: Exception) -> InvalidError:
    return InvalidError(f"expected a tar or zip archive, found something else or a damaged one ({error})")


def _of_tar(stream: Readable, members: Members, budget: Budget, folder: str) -> Iterator[Found]:
    counted: Any = _Forward(stream, budget)
    with tarfile.open(fileobj=counted, mode="r:", errors="surrogateescape") as tar:
        known: list[tarfile.TarInfo] = vars(tar)["members"]
        while (info := tar.next()) is not None:
            known.clear()  # the library would keep them all
            kind = _tar_kind(info)
            accepted = members.accept(info.name, kind, info.mode, info.linkname)
            if accepted is None:
                continue
            _agree(info, accepted, folder)
            yield Found(accepted, partial(_opened, tar, info) if kind == "file" else None)


def _opened(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    return tar.extractfile(info) or io.BytesIO()


def _tar_kind(info: tarfile.TarInfo) -> MemberKind:
    kinds: tuple[tuple[bool, MemberKind], ...] = (
        (info.isreg(), "file"),
        (info.isdir(), "directory"),
        (info.issym(), "symlink"),
        (info.islnk(), "hard link"),
    )
    found = next((kind for fits, kind in kinds if fits), None)
    if found is None:
        raise InvalidError(
            f"the archive's member {info.name!r} is refused: expected files, directories and links, found a device,"
            " pipe or something else; nothing was unpacked: use another archive"
        )
    return found


def _agree(info: tarfile.TarInfo, accepted: Member, folder: str) -> None:
    """Ask the library's own filter too, where this Python has it. Source: PEP 706."""
    check = getattr(tarfile, "data_filter", None)
    if check is not None:
        check(info.replace(name=accepted.path, linkname=accepted.to, deep=False), folder)


def _of_zip(archive: IO[bytes], members: Members) -> Iterator[Found]:
    with zipfile.ZipFile(_AtMost(archive)) as zipped:
        for info in zipped.infolist():
            name = info.orig_filename
            if "\0" in name or "\\" in name:
                raise InvalidError(
                    f"the archive's member {name!r} is refused: expected `/` between names and no NUL; nothing was"
                    " unpacked: make the archive anew"
                )
            if info.flag_bits & _ENCRYPTED:
                raise InvalidError(
                    "expected an archive without a password, found an encrypted one; nothing was unpacked"
                )
            mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
            kind = _zip_kind(info, mode)
            to = _zip_target(zipped, info) if kind == "symlink" else ""
            accepted = members.accept(name, kind, stat.S_IMODE(mode) or None, to)
            if accepted is not None:
                yield Found(accepted, partial(zipped.open, info) if kind == "file" else None)


def _zip_kind(info: zipfile.ZipInfo, mode: int) -> MemberKind:
    if stat.S_ISLNK(mode):
        return "symlink"
    if info.is_dir():
        return "directory"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise InvalidError(
            f"the archive's member {info.filename!r} is refused: expected files, directories and symlinks, found"
            " something else; nothing was unpacked: use another archive"
        )
    return "file"


def _zip_target(zipped: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    with zipped.open(info) as stream:
        return stream.read(_MAX_TARGET_BYTES).decode(errors="surrogateescape")


def _unpacked(archive: IO[bytes], start: bytes) -> Readable:
    if start.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=archive, mode="rb")
    if start.startswith(b"BZh"):
        return bz2.BZ2File(archive)
    if start.startswith(b"\xfd7zXZ\0"):
        return io.BufferedReader(_Xz(archive), _CHUNK_BYTES)
    if start.startswith(b"\x28\xb5\x2f\xfd"):
        try:
            zstd: Any = importlib.import_module("compression.zstd")
        except ImportError as error:
            raise BlockedError(
                "expected a Python that reads zstd (3.14 or later), found an older one; have the archive packed by gzip"
                " or xz, or run the agent by a newer Python"
            ) from error
        opened: Readable = zstd.ZstdFile(archive)
        return opened
    return archive


class _Xz(io.RawIOBase):
    """What xz packed, one stream after the other, with a limit to the memory that its header may ask for."""

    def __init__(self, archive: IO[bytes]) -> None:
        super().__init__()
        self._archive = archive
        self._decompressor: lzma.LZMADecompressor | None = None
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            if self._decompressor is None:
                # Streams may have zeros between them. Source: The .xz File Format, 2.2.
                self._left = (self._left or self._archive.read(_CHUNK_BYTES)).lstrip(b"\0")
                if not self._left:
                    if not (more := self._archive.read(_CHUNK_BYTES)):
                        return 0
                    self._left = more
                    continue
                self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES)
            given = self._left
            if not given and self._decompressor.needs_input:
                given = self._archive.read(_CHUNK_BYTES)
                if not given:
                    raise EOFError("the compressed data end too early")
            self._left = b""
            content = self._decompressor.decompress(given, max_length=len(buffer))
            if self._decompressor.eof:
                self._left, self._decompressor = self._decompressor.unused_data, None
            if content:
                buffer[: len(content)] = content
                return len(content)


class _AtMost:
    """A file that gives no more at once than may be held in memory."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        left = os.fstat(self._stream.fileno()).st_size - self._stream.tell()
        if (left if size < 0 else min(size, left)) > MAX_AT_ONCE_BYTES:
            raise TooLargeError(
                f"expected an archive whose table has at most {MAX_AT_ONCE_BYTES} bytes, found a larger one; split it"
            )
        return self._stream.read(size)

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        return self._stream.seek(position, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True


class _Forward:
    """What a decompressor gives, from its start to its end, counted."""

    def __init__(self, stream: Readable, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_AT_ONCE_BYTES:
            raise TooLargeError(
                f"expected headers of at most {MAX_AT_ONCE_BYTES} bytes in the archive, found larger ones"
            )
        content = self._stream.read(size)
        self._position += len(content)
        self._budget.read(len(content))
        return content

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> int:
        if position < self._position:
            raise InvalidError("expected an archive to be read from its start to its end, found a step back in it")
        while self._position < position and self.read(min(_CHUNK_BYTES, position - self._position)):
            pass
        return self._position

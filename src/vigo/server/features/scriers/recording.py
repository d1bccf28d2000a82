"""Recordings of sessions: asciicast v2, encrypted as they are written.

A file is a row of sealed parts, each with its length before it. The key is the scrier's own, derived from the server's
master key, and the nonce counts the parts, so none can be left out, moved or taken from another recording unnoticed.
The last part is marked: what ends without it was cut short. Source: asciicast v2; NIST SP 800-38D; RFC 5869.
"""

import codecs
import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vigo.core.errors import DamagedError, NotFoundError, UnavailableError
from vigo.core.ids import ScrierId
from vigo.core.scrier import ScrierOrder

MOST_BYTES: Final = 256 * 1024 * 1024
"""Of one recording. What is shown beyond that would not be recorded, so the session ends."""

_CONTEXT: Final = b"vigo recording v1 "
_KEY_BYTES: Final = 32
_TAG_BYTES: Final = 16
_MOST_PART: Final = 1024 * 1024
_LENGTH: Final = struct.Struct(">I")
_NONCE: Final = struct.Struct(">IQ")
_LAST: Final = 1


class Recordings:
    """The recordings of a server."""

    def __init__(self, folder: Path, master_key: bytes) -> None:
        self._folder = folder
        self._master_key = master_key

    def begin(self, order: ScrierOrder, hostname: str, started_at: int) -> "Recording":
        """Return a new recording, which already says what it is of. `started_at` is in seconds since 1970.

        Raises:
            UnavailableError: it cannot be written.
        """
        path = self._path(order.scrier)
        header = {
            "version": 2,
            "width": order.columns,
            "height": order.rows,
            "timestamp": started_at,
            "title": f"{order.user}@{hostname}, opened by {order.operator}",
            "env": {"TERM": order.terminal},
        }
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            recording = Recording(os.open(path, flags, 0o600), self._key(order.scrier))
            try:
                recording.write_line(header)
            except BaseException:
                recording.abandon()
                raise
        except OSError as error:
            raise _unwritable(path, error) from error
        return recording

    def lines(self, scrier: ScrierId) -> "RecordedLines":
        """Return what was recorded, to read line by line; more may come while a session goes on.

        Raises:
            NotFoundError: there is no recording of it.
        """
        path = self._path(scrier)
        try:
            return RecordedLines(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), self._key(scrier), path)
        except FileNotFoundError as error:
            raise NotFoundError(
                f"expected a recording of {scrier}, found none: connections to ports are not recorded, and"
                " keep_recordings_for in server.yaml says how long recordings are kept"
            ) from error
        except OSError as error:
            raise UnavailableError(f"{path}: cannot be read: {error.strerror}") from error

    def remove(self, scrier: ScrierId) -> None:
        """Delete a recording; one that is not there is as good."""
        self._path(scrier).unlink(missing_ok=True)

    def _path(self, scrier: ScrierId) -> Path:
        return self._folder / f"{scrier}.cast.sealed"

    def _key(self, scrier: ScrierId) -> AESGCM:
        derived = HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=_CONTEXT + scrier.encode())
        return AESGCM(derived.derive(self._master_key))


class Recording:
    """One that is being written. Once something cannot be written, nothing more is."""

    def __init__(self, descriptor: int, key: AESGCM) -> None:
        self._descriptor = descriptor
        self._key = key
        self._number = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self.size_bytes = 0

    def shown(self, seconds: float, data: bytes) -> None:
        """Record what was shown, so many seconds after the begin.

        Raises:
            UnavailableError: it cannot be written, or the recording is full.
        """
        text = self._decoder.decode(data)
        if text:
            self._write([round(seconds, 6), "o", text])

    def resized(self, seconds: float, columns: int, rows: int) -> None:
        """Record that the terminal got another size.

        Raises: as `shown`.
        """
        self._write([round(seconds, 6), "r", f"{columns}x{rows}"])

    def close(self) -> None:
        """Mark the end, and return when all of it is on the disk.

        Raises:
            UnavailableError: that cannot be written.
        """
        try:
            self._seal(b"", is_last=True)
            os.fsync(self._descriptor)
        except OSError as error:
            raise UnavailableError(f"the end of a recording cannot be written: {error.strerror}") from error
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let go of the file as it is."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def write_line(self, content: object) -> None:
        """Write one line.

        Raises:
            OSError: it cannot be written.
        """
        self._seal(json.dumps(content, ensure_ascii=False).encode(errors="replace") + b"\n", is_last=False)

    def _write(self, content: object) -> None:
        if self.size_bytes > MOST_BYTES:
            raise UnavailableError(f"the recording is full: expected at most {MOST_BYTES >> 20} MiB, found more")
        try:
            self.write_line(content)
        except OSError as error:
            raise UnavailableError(f"the recording cannot be written: {error.strerror}; free some space") from error

    def _seal(self, content: bytes, *, is_last: bool) -> None:
        sealed = self._key.encrypt(_nonce(self._number, is_last=is_last), content, None)
        data = _LENGTH.pack(len(sealed)) + sealed
        try:
            written = os.write(self._descriptor, data)
            if written != len(data):  # the disk is full; now it says so
                os.write(self._descriptor, data[written:])
        except OSError:
            os.ftruncate(self._descriptor, self.size_bytes)
            os.lseek(self._descriptor, self.size_bytes, os.SEEK_SET)
            raise
        self._number += 1
        self.size_bytes += len(data)


class RecordedLines:
    """Reads a recording. A part that is half written is waited for."""

    def __init__(self, descriptor: int, key: AESGCM, path: Path) -> None:
        self._descriptor = descriptor
        self._key = key
        self._path = path
        self._number = 0
        self._offset = 0
        self.is_complete = False

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def more(self, most: int) -> Iterator[bytes]:
        """Yield the lines that are there and were not yet read, at most so many.

        Raises:
            DamagedError: the file is not what was written.
        """
        while most > 0 and not self.is_complete:
            prefix = os.pread(self._descriptor, _LENGTH.size, self._offset)
            if len(prefix) < _LENGTH.size:
                return
            (size,) = _LENGTH.unpack(prefix)
            if not _TAG_BYTES <= size <= _MOST_PART:
                raise self._damaged()
            sealed = os.pread(self._descriptor, size, self._offset + _LENGTH.size)
            if len(sealed) < size:
                return
            line = self._opened(sealed)
            self._offset += _LENGTH.size + size
            self._number += 1
            if line:
                most -= 1
                yield line

    def _opened(self, sealed: bytes) -> bytes:
        for is_last in (False, True):
            try:
                line = self._key.decrypt(_nonce(self._number, is_last=is_last), sealed, None)
            except InvalidTag:
                continue
            self.is_complete = is_last
            return line
        raise self._damaged()

    def _damaged(self) -> DamagedError:
        return DamagedError(
            f"{self._path}: expected part {self._number + 1} of a recording as it was written, found another; restore"
            " it, or keys/master.key, from a backup"
        )


def _nonce(number: int, *, is_last: bool) -> bytes:
    return _NONCE.pack(_LAST if is_last else 0, number)


def _unwritable(path: Path, error: OSError) -> UnavailableError:
    return UnavailableError(
        f"{path}: the recording cannot be written: {error.strerror}; without one no session is opened: free some space"
    )

"""A key-value store in LMDB in which every value carries a checksum, and damage is found before it can do harm."""

import errno
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import lmdb

from vigo.core.errors import DamagedError, UnavailableError

MAP_SIZE_BYTES = 256 * 1024 * 1024
"""The address space that the store may fill; the file only takes what is in use."""

MAX_READERS = 32
"""How many processes may read at once: the daemon, and people who ask for its status."""

_CHECKSUM_BYTES = 16
_PERSONAL = b"vigo journal"


def sealed(key: bytes, payload: bytes) -> bytes:
    """Return the payload behind its checksum, which covers the key too: a value under another's key is damage."""
    return _checksum(key, payload) + payload


def unsealed(key: bytes, value: bytes) -> bytes:
    """Return the payload of a stored value.

    Raises:
        DamagedError: it does not match its checksum.
    """
    payload = value[_CHECKSUM_BYTES:]
    if value[:_CHECKSUM_BYTES] != _checksum(key, payload):
        raise DamagedError(f"expected the journal's {key[:40]!r} to match its checksum, found other content")
    return payload


def _checksum(key: bytes, payload: bytes) -> bytes:
    state = hashlib.blake2b(digest_size=_CHECKSUM_BYTES, person=_PERSONAL)
    state.update(len(key).to_bytes(4, "big") + key)
    state.update(payload)
    return state.digest()


SUSPECT = "suspect"
"""A file beside the data: a write found damage that reading does not show."""


class Transaction:
    """Reads and writes that become visible and durable together, or not at all."""

    def __init__(self, inner: "lmdb.Transaction") -> None:
        self._inner = inner

    def get(self, key: bytes) -> bytes | None:
        """Return the payload, or None.

        Raises:
            DamagedError: what is stored does not match its checksum.
        """
        value = self._inner.get(key)
        return None if value is None else unsealed(key, bytes(value))

    def put(self, key: bytes, payload: bytes) -> None:
        """Store a payload."""
        self._inner.put(key, sealed(key, payload))

    def delete(self, key: bytes) -> None:
        """Remove a key; an absent one is as good."""
        self._inner.delete(key)

    def keys(self, prefix: bytes) -> Iterator[bytes]:
        """Yield the keys that begin so, in their order."""
        cursor = self._inner.cursor()
        if not cursor.set_range(prefix):
            return
        for found in cursor.iternext(keys=True, values=False):
            key = bytes(found)
            if not key.startswith(prefix):
                return
            yield key


class Store:
    """An open LMDB environment. Its writes are on the disk when a transaction ends."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self._folder = folder
        with _explained(folder):
            self._environment = lmdb.open(
                str(folder),
                map_size=MAP_SIZE_BYTES,
                readonly=read_only,
                create=not read_only,
                mode=0o600,
                max_readers=MAX_READERS,
            )

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Give a consistent view.

        Raises:
            DamagedError: LMDB finds its own structure broken.
        """
        with _explained(self._folder), self._environment.begin() as inner:
            yield Transaction(inner)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Give a view that can be written to; on an error nothing of it is kept.

        Pages that hold nothing are only looked at when they are written to. Damage there is noted for the next opening.

        Raises:
            DamagedError: LMDB finds its own structure broken.
            UnavailableError: the disk or the store is full, or cannot be written to.
        """
        try:
            with _explained(self._folder), self._environment.begin(write=True) as inner:
                yield Transaction(inner)
        except DamagedError:
            with suppress(OSError):
                (self._folder / SUSPECT).touch()
            raise

    def close(self) -> None:
        """Let the files go."""
        self._environment.close()


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except lmdb.MapFullError as error:
        raise UnavailableError(
            f"{folder}: expected room in the journal, found its {MAP_SIZE_BYTES >> 20} MiB used up; nothing stored"
            " before is lost; connect this machine to its server, so that the waiting results can leave"
        ) from error
    except lmdb.Error as error:
        raise _translated(folder, error) from error


def _translated(folder: Path, error: lmdb.Error) -> DamagedError | UnavailableError:
    text = str(error)
    for number, advice in _SYSTEM_ERRORS.items():
        if os.strerror(number) in text:
            return UnavailableError(f"{folder}: the journal cannot be used: {text}; {advice}; nothing stored is lost")
    return DamagedError(f"{folder}: expected an LMDB journal, found a broken one: {text}")


_SYSTEM_ERRORS: Mapping[int, str] = {
    errno.ENOSPC: "free some space on that disk",
    errno.EDQUOT: "raise the quota or free some space",
    errno.EACCES: "run as the user that enrolled, usually root",
    errno.EPERM: "run as the user that enrolled, usually root",
    errno.EROFS: "mount that file system writable",
    errno.ENOENT: "create the folder's parent",
    errno.EIO: "check the disk (dmesg)",
    errno.ENOMEM: "free some memory",
    errno.EMFILE: "raise the limit of open files",
    errno.EFBIG: "raise the limit of the size of files",
}

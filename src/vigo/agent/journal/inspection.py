"""Reading a store from its first byte to its last before it is used, in a process that may crash.

LMDB maps its file into memory and trusts it: a broken page is not always an error, it can be a segmentation fault, and
a file that was cut short is a bus error. So a short-lived child reads everything first; forking one takes half a
millisecond.
"""

import faulthandler
import os
import resource
import signal
import struct
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import lmdb

from vigo.agent.journal.store import MAP_SIZE_BYTES, MAX_READERS, unsealed
from vigo.core.errors import DamagedError

DATA_FILE = "data.mdb"
_LIMIT_SECONDS = 60
"""A page that points back to itself would be read for ever."""

Emit = Callable[[bytes, bytes], None]


def is_sound(folder: Path, *, for_writing: bool) -> bool:
    """Return whether every value of a store can be read and matches its checksum; a store not made yet is sound.

    For writing, a change is tried too (and taken back): it reads the pages that know which others are free.
    """
    data = folder / DATA_FILE
    if not data.exists():
        return True
    if data.stat().st_size == 0:
        return False
    _, status = os.waitpid(_start(folder, None, for_writing=for_writing), 0)
    return os.waitstatus_to_exitcode(status) == 0


def salvaged(folder: Path) -> dict[bytes, bytes]:
    """Return the payloads of a damaged store that still match their checksums."""
    if not (folder / DATA_FILE).stat().st_size:
        return {}
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stream:
        child = _start(folder, writer, for_writing=False)
        os.close(writer)
        content = stream.read()
        os.waitpid(child, 0)
    return dict(_pairs(content))


def _start(folder: Path, writer: int | None, *, for_writing: bool) -> int:
    with warnings.catch_warnings():
        # Python 3.12 warns of forking beside threads. The child calls LMDB and nothing that a thread may have locked.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    # From here on this is the child: it never returns, and no clean-up of the parent's may run in it.
    try:
        faulthandler.disable()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_LIMIT_SECONDS)
        os._exit(0 if _reads_to_the_end(folder, writer) and (not for_writing or _takes_a_write(folder)) else 1)
    except BaseException:  # noqa: BLE001 - whatever went wrong, the exit status is the answer
        os._exit(1)


def _reads_to_the_end(folder: Path, writer: int | None) -> bool:
    whole = True
    count, last = 0, b""
    with (
        lmdb.open(str(folder), map_size=MAP_SIZE_BYTES, readonly=True, max_readers=MAX_READERS) as environment,
        environment.begin() as transaction,
    ):
        for key, value in transaction.cursor():
            if count and key <= last:
                return False
            count, last = count + 1, key
            try:
                payload = unsealed(key, value)
            except DamagedError:
                whole = False
                continue
            if writer is not None:
                _write_all(writer, struct.pack(">II", len(key), len(payload)) + key + payload)
        return whole and count == transaction.stat()["entries"]


def _takes_a_write(folder: Path) -> bool:
    with lmdb.open(str(folder), map_size=MAP_SIZE_BYTES, max_readers=MAX_READERS) as environment:
        transaction = environment.begin(write=True)
        transaction.put(b"inspection", bytes(3 * os.sysconf("SC_PAGESIZE")))
        transaction.abort()
    return True


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _pairs(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield what a child wrote; it may have died in the middle of a pair."""
    offset = 0
    while offset + 8 <= len(content):
        key_size, size = struct.unpack_from(">II", content, offset)
        key_end = offset + 8 + key_size
        if key_end + size > len(content):
            return
        yield content[offset + 8 : key_end], content[key_end : key_end + size]
        offset = key_end + size

"""One process per data folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from vigo.core.errors import ConflictError
from vigo.server.platform.folder.files import PRIVATE
from vigo.server.platform.folder.layout import DataFolder


@contextmanager
def only_process(folder: DataFolder) -> Iterator[None]:
    """Hold the data folder's lock. It ends with the process, however that ends. Source: flock(2).

    Raises:
        ConflictError: another process holds it; the message has its number.
    """
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 20, 0).decode("ascii", errors="replace").strip() or "unknown"
            raise ConflictError(
                f"{folder.root}: another vigosrv uses this data folder (process {holder}); stop it first, or give this"
                " one its own --data-dir"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)

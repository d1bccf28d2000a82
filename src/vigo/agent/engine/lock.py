"""One run at a time on a machine, whoever starts it: the daemon, a person, a timer."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from vigo.core.errors import ConflictError, UnavailableError

_PAUSE_SECONDS = 0.05


@contextmanager
def one_run_at_a_time(path: Path, wait: timedelta = timedelta(0)) -> Iterator[None]:
    """Hold the run lock, which the kernel releases when the process ends in whatever way. Source: flock(2).

    Raises:
        ConflictError: another run still holds it after the wait.
        UnavailableError: the lock file cannot be made.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UnavailableError(
            f"{path}: the run lock cannot be taken: {error.strerror}; run as root, and check that disk"
        ) from error
    try:
        deadline = time.monotonic() + wait.total_seconds()
        while not _locked(descriptor):
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
                raise ConflictError(
                    f"expected to be the only run on this machine, found another (process {holder}) that holds {path};"
                    " try again when it has ended"
                )
            time.sleep(_PAUSE_SECONDS)
        with suppress(OSError):  # who holds the lock is only told for people; a full disk must not end the run
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

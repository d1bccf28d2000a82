"""Memory while it holds secrets: not swapped, and in no core dump."""

import logging
import os
from typing import Final

# Source: mlockall(2), prctl(2), linux/mman.h. On a fault only: locking the unused part of each stack would fill it.
_CURRENT, _FUTURE, _ON_FAULT = 1, 2, 4
_SET_DUMPABLE: Final = 4

_log = logging.getLogger(__name__)


class GuardedMemory:
    """This process's memory. Guarding it is for root: others may lock little, and then could not allocate any more."""

    def __init__(self) -> None:
        self._is_guarded = False

    def guard(self) -> None:
        """Lock what this process has in memory and leave it out of core dumps, until `release`."""
        if self._is_guarded:
            return
        self._is_guarded = True
        import ctypes  # noqa: PLC0415 - most runs have no secrets

        library = ctypes.CDLL(None, use_errno=True)
        library.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
        if os.geteuid() != 0:
            return
        if library.mlockall(_CURRENT | _FUTURE | _ON_FAULT) != 0:
            _log.warning("memory with secrets may be swapped reason=%s", os.strerror(ctypes.get_errno()))

    def release(self) -> None:
        """Let the memory be as it was."""
        if not self._is_guarded:
            return
        self._is_guarded = False
        import ctypes  # noqa: PLC0415 - as above

        library = ctypes.CDLL(None)
        library.munlockall()
        library.prctl(_SET_DUMPABLE, 1, 0, 0, 0)

"""Giving memory back between two cycles: an agent is at rest nearly always, and should be small then."""

import ctypes
import gc
from contextlib import suppress


def give_back() -> None:
    """Return freed memory to the kernel. Source: malloc_trim(3), which other C libraries than glibc do not have.

    What is there at the first time is not searched for garbage again: nearly all of it are modules, which stay, and
    going through them would be a fifth of a cycle.
    """
    gc.collect()
    if not gc.get_freeze_count():
        gc.freeze()
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)

"""Giving memory back between two cycles: an agent is at rest nearly always, and should be small then."""

import ctypes
import gc
from contextlib import suppress


def give_back() -> None:
    """Return freed memory to the kernel. Source: malloc_trim(3), which other C libraries than glibc do not have."""
    gc.collect()
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)

"""The trait set `memory`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import EVERY_CYCLE, ReadHost, TraitSet, collector, field
from vigo.catalog.formats.kernel import parse_sizes
from vigo.catalog.traits.measured import measured
from vigo.core.errors import UnavailableError

_STEP_PERCENT = 10


class MemoryTraits(TraitSet, frozen=True, kw_only=True):
    """How much memory there is and how much of it is free to use.

    The percentages are told again once they moved by ten: `vigo.catalog.traits.measured` says why.
    """

    total_bytes: Annotated[int, field("Memory that the kernel can use, in bytes.", example=8_328_249_344)]
    available_percent: Annotated[
        int, measured("What programs could get without swapping, in percent of all; to ten.", step=_STEP_PERCENT)
    ]
    swap_bytes: Annotated[int, field("Size of all swap space, in bytes; 0 without any.", example=2_147_479_552)]
    swap_used_percent: Annotated[
        int, measured("Swap space that is used, in percent of all of it; to ten.", step=_STEP_PERCENT)
    ]


@collector("memory", every=EVERY_CYCLE, timeout=timedelta(seconds=5))
def collect_memory(host: ReadHost) -> MemoryTraits:
    """Report the memory. Source: proc_meminfo(5).

    Raises:
        UnavailableError: this is an image, or the kernel does not tell.
    """
    if host.is_image():
        raise UnavailableError("an image has no memory in use; it shows on the machine that boots it")
    text = host.read_text("/proc/meminfo")
    sizes = parse_sizes(text or "")
    total = sizes.get("MemTotal", 0)
    if not total:
        raise UnavailableError("expected MemTotal in /proc/meminfo, found none; mount /proc")
    swap = sizes.get("SwapTotal", 0)
    return MemoryTraits(
        total_bytes=total,
        available_percent=_percent(sizes.get("MemAvailable", _reclaimable(sizes)), total),
        swap_bytes=swap,
        swap_used_percent=_percent(swap - sizes.get("SwapFree", swap), swap),
    )


def _reclaimable(sizes: Mapping[str, int]) -> int:
    """Return what is free or could be, for kernels before Linux 3.14: caches, less the shared memory in them."""
    freed = sum(sizes.get(name, 0) for name in ("MemFree", "Buffers", "Cached", "SReclaimable"))
    return freed - sizes.get("Shmem", 0)


def _percent(part: int, whole: int) -> int:
    return round(100 * min(max(part, 0), whole) / whole) if whole else 0

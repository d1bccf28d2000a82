"""The trait set `swap`."""

from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import EVERY_CYCLE, ReadHost, TraitSet, collector, field
from vigo.catalog.formats.numbers import whole_number
from vigo.catalog.formats.swaps import parse_swaps
from vigo.catalog.traits.measured import measured
from vigo.core.errors import UnavailableError

_STEP_PERCENT = 10
_MOST_AREAS = 32


class SwapArea(msgspec.Struct, frozen=True, kw_only=True):
    """One swap area."""

    type: Annotated[str, field("partition or file, as the kernel names it.", example="partition")]
    size_bytes: Annotated[int, field("Size, in bytes.", example=2_147_479_552)]
    priority: Annotated[int, field("Areas of a higher priority are filled first.", example=-2)]
    used_percent: Annotated[int, measured("What of it is used, in percent; to ten.", step=_STEP_PERCENT)]


class SwapTraits(TraitSet, frozen=True, kw_only=True):
    """The swap space in use. Without any the map is empty and the sizes are 0."""

    areas: Annotated[dict[str, SwapArea], field("Areas by the path of their device or file, at most 32.")]
    count: Annotated[int, field("Number of all areas.", example=1)]
    total_bytes: Annotated[int, field("Size of all areas, in bytes.", example=2_147_479_552)]
    used_percent: Annotated[int, measured("What of all areas is used, in percent; to ten.", step=_STEP_PERCENT)]
    swappiness: Annotated[
        int | None, field("How gladly the kernel swaps, its vm.swappiness of 0 to 200; none where it does not tell.")
    ]


@collector("swap", every=EVERY_CYCLE, timeout=timedelta(seconds=5))
def collect_swap(host: ReadHost) -> SwapTraits:
    """Report the swap areas. Source: proc_swaps(5), proc_sys_vm(5).

    A kernel that was built without swapping has no /proc/swaps: it has no areas.

    Raises:
        UnavailableError: this is an image, or a file cannot be read.
    """
    if host.is_image():
        raise UnavailableError("an image swaps nothing; it shows on the machine that boots it")
    found = parse_swaps(host.read_text("/proc/swaps") or "")
    areas = {
        area.path: SwapArea(
            type=area.type,
            size_bytes=area.size_bytes,
            priority=area.priority,
            used_percent=_percent(area.used_bytes, area.size_bytes),
        )
        for area in sorted(found, key=lambda area: area.path)[:_MOST_AREAS]
    }
    total = sum(area.size_bytes for area in found)
    return SwapTraits(
        areas=areas,
        count=len(found),
        total_bytes=total,
        used_percent=_percent(sum(area.used_bytes for area in found), total),
        swappiness=whole_number(host.read_text("/proc/sys/vm/swappiness") or ""),
    )


def _percent(part: int, whole: int) -> int:
    return round(100 * min(part, whole) / whole) if whole else 0

from collections.abc import Mapping

import pytest

from tests.catalog.traits.hosts import KERNEL, debian, image, unreadable
from vigo.catalog.traits.memory import MemoryTraits, collect_memory
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

# /proc/meminfo begins alike everywhere; each kernel has lines of its own behind. Linux 2.6.32 (Red Hat 6) and 3.0 (SUSE
# 11) do not tell what is available.
RED_HAT_6 = """\
MemTotal:        1914844 kB
MemFree:          114844 kB
Buffers:          100000 kB
Cached:           900000 kB
SwapCached:            0 kB
Active:           700000 kB
Inactive:         500000 kB
SwapTotal:       2097144 kB
SwapFree:        2097144 kB
Shmem:             50000 kB
Slab:             180000 kB
SReclaimable:     100000 kB
HugePages_Total:       0
Hugepagesize:       2048 kB
DirectMap4k:        8180 kB
"""
RED_HAT_7 = """\
MemTotal:        1014972 kB
MemFree:          101308 kB
MemAvailable:     507486 kB
Buffers:            2108 kB
Cached:           500644 kB
SwapTotal:       2097148 kB
SwapFree:        1572861 kB
HardwareCorrupted:     0 kB
CmaTotal:              0 kB
"""
DEBIAN_12 = """\
MemTotal:        8128172 kB
MemFree:         5121208 kB
MemAvailable:    7315354 kB
Zswap:                 0 kB
Zswapped:              0 kB
SecPageTables:         0 kB
KReclaimable:      90936 kB
VmallocTotal:   34359738367 kB
SwapTotal:        998396 kB
SwapFree:         998396 kB
Hugetlb:               0 kB
"""
ALPINE = """\
MemTotal:         478232 kB
MemFree:          301456 kB
MemAvailable:     382585 kB
SwapTotal:             0 kB
SwapFree:              0 kB
Unaccepted:            0 kB
Balloon:               0 kB
"""
PI_OF_ARCH = (
    "MemTotal:  3884276 kB\nMemFree: 100 kB\nMemAvailable: 971069 kB\nHighTotal: 3145728 kB\nLowTotal: 738548 kB\n"
)


def test_memory_and_swap_are_told_in_bytes_and_percent() -> None:
    assert collect_memory.collect(debian()) == MemoryTraits(
        total_bytes=1_024_000, available_percent=40, swap_bytes=204_800, swap_used_percent=75
    )


def test_a_host_without_swap_uses_none_of_it() -> None:
    found = collect_memory.collect(FakeHost({"/proc/meminfo": "MemTotal: 10 kB\nMemFree: 1 kB\n"}))
    assert found == MemoryTraits(total_bytes=10_240, available_percent=10, swap_bytes=0, swap_used_percent=0)


@pytest.mark.parametrize("host", [FakeHost(), FakeHost({"/proc/meminfo": "nothing\n"})])
def test_without_a_total_it_is_unavailable(host: FakeHost) -> None:
    with pytest.raises(UnavailableError, match="expected MemTotal"):
        collect_memory.collect(host)


def test_an_unreadable_file_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_memory.collect(debian(unreadable("/proc/meminfo")))


def test_an_image_uses_no_memory() -> None:
    with pytest.raises(UnavailableError, match="an image has no memory"):
        collect_memory.collect(image(KERNEL))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (RED_HAT_6, {"total": 1_914_844, "available": 61, "swap": 2_097_144, "used": 0}),
        (RED_HAT_7, {"total": 1_014_972, "available": 50, "swap": 2_097_148, "used": 25}),
        (DEBIAN_12, {"total": 8_128_172, "available": 90, "swap": 998_396, "used": 0}),
        (ALPINE, {"total": 478_232, "available": 80, "swap": 0, "used": 0}),
        (PI_OF_ARCH, {"total": 3_884_276, "available": 25, "swap": 0, "used": 0}),
    ],
    ids=["redhat-6", "redhat-7", "debian-12", "alpine", "pi-of-arch"],
)
def test_the_kernels_of_all_distributions_tell_their_memory(text: str, wanted: Mapping[str, int]) -> None:
    assert collect_memory.collect(FakeHost({"/proc/meminfo": text})) == MemoryTraits(
        total_bytes=wanted["total"] * 1024,
        available_percent=wanted["available"],
        swap_bytes=wanted["swap"] * 1024,
        swap_used_percent=wanted["used"],
    )


def test_shared_memory_that_fills_the_cache_is_not_available_on_an_old_kernel() -> None:
    text = "MemTotal: 100 kB\nMemFree: 5 kB\nCached: 60 kB\nShmem: 70 kB\n"
    found = collect_memory.collect(FakeHost({"/proc/meminfo": text}))
    assert isinstance(found, MemoryTraits)
    assert found.available_percent == 0

import pytest

from tests.catalog.traits.hosts import KERNEL, debian, image, unreadable
from vigo.catalog.traits.memory import MemoryTraits, collect_memory
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost


def test_memory_and_swap_are_told_in_bytes_and_percent() -> None:
    assert collect_memory.collect(debian()) == MemoryTraits(
        total_bytes=1_024_000, available_percent=40, swap_bytes=204_800, swap_used_percent=75
    )


# As Linux 6.1 of Debian 12, 4.18 of Rocky Linux 8, 6.6 of Alpine 3.19 and 3.10 of CentOS 7 print it, each in part.
DEBIAN = (
    "MemTotal:        4018912 kB\nMemFree:          245120 kB\nMemAvailable:    3014184 kB\n"
    "Buffers:          120144 kB\n"
    "Cached:          2512340 kB\nSwapCached:            0 kB\nZswap:                 0 kB\n"
    "SwapTotal:        999420 kB\n"
    "SwapFree:         999420 kB\nSecPageTables:         0 kB\nHugePages_Total:       0\nHugepagesize:       2048 kB\n"
)
ROCKY = (
    "MemTotal:       16095328 kB\nMemFree:         1007104 kB\nMemAvailable:    8047664 kB\n"
    "Buffers:            3196 kB\n"
    "SwapTotal:       8388604 kB\nSwapFree:        4194302 kB\nDirectMap1G:    14680064 kB\n"
)
ALPINE = "MemTotal:         497816 kB\nMemFree:          301004 kB\nMemAvailable:     373362 kB\n"
"SwapTotal:             0 kB\n"
CENTOS_7 = "MemTotal:        1014756 kB\nMemFree:          101475 kB\nBuffers:            2108 kB\n"
"SwapTotal:  0 kB\nSwapFree:  0 kB\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DEBIAN, (4_018_912, 75, 999_420, 0)),
        (ROCKY, (16_095_328, 50, 8_388_604, 50)),
        (ALPINE, (497_816, 75, 0, 0)),
        (CENTOS_7, (1_014_756, 10, 0, 0)),
    ],
    ids=["debian", "rocky", "alpine", "centos-7"],
)
def test_every_kernel_is_read(text: str, expected: tuple[int, int, int, int]) -> None:
    total_kib, available, swap_kib, swap_used = expected
    assert collect_memory.collect(FakeHost({"/proc/meminfo": text})) == MemoryTraits(
        total_bytes=total_kib * 1024,
        available_percent=available,
        swap_bytes=swap_kib * 1024,
        swap_used_percent=swap_used,
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

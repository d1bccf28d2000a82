import pytest

from tests.catalog.traits.hosts import KERNEL, debian, image, unreadable
from vigo.catalog.traits.memory import MemoryTraits, collect_memory
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost


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

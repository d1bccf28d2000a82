import pytest

from tests.catalog.traits.hosts import KERNEL, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.swap import SwapArea, SwapTraits, collect_swap
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

HEADER = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
SWAPPINESS = {"/proc/sys/vm/swappiness": "60\n"}


def test_a_partition_of_debian_is_told() -> None:
    table = HEADER + "/dev/vda5                               partition\t998396\t\t249599\t\t-2\n"
    assert collect_swap.collect(debian({"/proc/swaps": table, **SWAPPINESS})) == SwapTraits(
        areas={"/dev/vda5": SwapArea(type="partition", size_bytes=1_022_357_504, priority=-2, used_percent=25)},
        count=1,
        total_bytes=1_022_357_504,
        used_percent=25,
        swappiness=60,
    )


def test_a_logical_volume_and_memory_of_red_hat_are_told_by_their_paths() -> None:
    table = (
        HEADER
        + "/dev/zram0 partition\t1024\t1024\t100\n/dev/dm-1                               partition\t1024\t0\t-2\n"
    )
    found = collect_swap.collect(redhat({"/proc/swaps": table}))
    assert isinstance(found, SwapTraits)
    assert list(found.areas) == ["/dev/dm-1", "/dev/zram0"]
    assert [area.used_percent for area in found.areas.values()] == [0, 100]
    assert found.used_percent == 50
    assert found.swappiness is None


def test_a_file_of_alpine_with_a_blank_in_its_name_is_told() -> None:
    found = collect_swap.collect(alpine({"/proc/swaps": HEADER + "/swap\\040file file\t0\t0\t-2\n"}))
    assert isinstance(found, SwapTraits)
    assert found.areas == {"/swap file": SwapArea(type="file", size_bytes=0, priority=-2, used_percent=0)}


@pytest.mark.parametrize("host", [debian(), debian({"/proc/swaps": HEADER}), FakeHost()])
def test_a_host_without_swap_has_none(host: FakeHost) -> None:
    assert collect_swap.collect(host) == SwapTraits(areas={}, count=0, total_bytes=0, used_percent=0, swappiness=None)


def test_of_many_areas_the_first_are_told_and_all_are_counted() -> None:
    table = HEADER + "".join(f"/dev/vd{number:03} partition 4 4 -2\n" for number in range(40))
    found = collect_swap.collect(debian({"/proc/swaps": table}))
    assert isinstance(found, SwapTraits)
    assert (len(found.areas), found.count, found.total_bytes) == (32, 40, 40 * 4096)


def test_an_unreadable_table_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_swap.collect(debian(unreadable("/proc/swaps")))


def test_an_image_swaps_nothing() -> None:
    with pytest.raises(UnavailableError, match="an image swaps nothing"):
        collect_swap.collect(image(KERNEL))

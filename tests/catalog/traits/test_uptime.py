import pytest

from tests.catalog.traits.hosts import KERNEL, debian, image
from vigo.catalog.traits.uptime import UptimeTraits, collect_uptime
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost


def test_the_moment_of_the_boot_is_told_to_the_minute() -> None:
    assert collect_uptime.collect(debian()) == UptimeTraits(
        booted_at="2030-03-17T17:47:00Z", days=2, boot_id="11111111-2222-4333-8444-555555555555"
    )


def test_a_minute_later_it_says_the_same() -> None:
    later = debian({"/proc/uptime": "172861.52 99999.00\n", "/proc/stat": "btime 1900000031\n"})
    assert collect_uptime.collect(later) == collect_uptime.collect(debian())


@pytest.mark.parametrize("stat", ["", "btime x\n", "btime 253402300800\n", f"btime {10**18}\n"])
def test_a_kernel_that_tells_no_boot_is_unavailable(stat: str) -> None:
    with pytest.raises(UnavailableError, match="expected a boot time"):
        collect_uptime.collect(FakeHost({**KERNEL, "/proc/stat": stat}))


def test_an_image_does_not_run() -> None:
    with pytest.raises(UnavailableError, match="an image does not run"):
        collect_uptime.collect(image(KERNEL))

import pytest

from tests.catalog.traits.hosts import KERNEL, Files, debian, image
from vigo.catalog.traits.uptime import UptimeTraits, collect_uptime
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

RED_HAT_7 = {
    "/proc/uptime": "13676.01 27190.32\n",
    "/proc/stat": "cpu  3357 0 4313 1362393 120 0 57 0 0 0\ncpu0 3357 0 4313 1362393 120 0 57 0 0 0\nintr 1462898 33"
    + " 0" * 500
    + "\nctxt 1990473\nbtime 1672531259\nprocesses 2990\nprocs_running 1\nprocs_blocked 0\n",
    "/proc/sys/kernel/random/boot_id": "0d6a5a4e-7a1e-4f5f-9d8e-0a3bb1ab1f7c\n",
}
UBUNTU_24 = {
    "/proc/uptime": "8640000.99 69120000.00\n",
    "/proc/stat": "cpu  1 2 3 4 5 6 7 8 9 10\nintr 5\nctxt 9\nbtime 1714003199\nprocesses 4\nsoftirq 1 2\n",
    "/proc/sys/kernel/random/boot_id": "b5b3e2de-6a4a-4a6b-8a5f-1d0c2e7a9f00\n",
}
# In a container of Alpine with lxcfs /proc/uptime is the container's, and there may be no id of the boot.
ALPINE = {"/proc/uptime": "61.00 0.00\n", "/proc/stat": "cpu  9 0 9 99\ncpu0 9 0 9 99\nbtime 1704067200\n"}


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


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (RED_HAT_7, ("2023-01-01T00:00:00Z", 0, "0d6a5a4e-7a1e-4f5f-9d8e-0a3bb1ab1f7c")),
        (UBUNTU_24, ("2024-04-24T23:59:00Z", 100, "b5b3e2de-6a4a-4a6b-8a5f-1d0c2e7a9f00")),
        (ALPINE, ("2024-01-01T00:00:00Z", 0, "")),
    ],
    ids=["redhat-7", "ubuntu-24", "alpine"],
)
def test_the_kernels_of_all_distributions_tell_their_boot(files: Files, wanted: tuple[str, int, str]) -> None:
    booted_at, days, boot_id = wanted
    assert collect_uptime.collect(FakeHost(files)) == UptimeTraits(booted_at=booted_at, days=days, boot_id=boot_id)

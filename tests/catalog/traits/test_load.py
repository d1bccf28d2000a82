from collections.abc import Callable

import pytest

from tests.catalog.traits.hosts import KERNEL, Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.load import LoadTraits, collect_load
from vigo.catalog.traits.measured import settled
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

# /proc/loadavg and /proc/stat of Linux 3.10, whose rows have ten columns, of 6.8 with a processor that is switched off,
# of 6.6 with one processor and of a container with lxcfs.
RED_HAT_7 = (
    "0.08 0.03 0.05 1/142 2153\n",
    (
        "cpu  3357 0 4313 1362393 120 0 57 0 0 0\ncpu0 1680 0 2150 681000 60 0 50 0 0 0\n"
        "cpu1 1677 0 2163 681393 60 0 7 0 0 0\nintr 1462898 33 10 0 0 0 0 0 0 1 0 0 0 156 0 0\nctxt 1990473\n"
        "btime 1672531200\nprocesses 2990\nprocs_running 1\nprocs_blocked 0\nsoftirq 720 0 300 20 180\n"
    ),
)
UBUNTU_24 = (
    "12.23 9.60 6.03 5/1204 88731\n",
    (
        "cpu  100 2 30 4000 5 0 1 9 0 0\ncpu0 50 1 15 2000 2 0 1 3 0 0\ncpu1 25 1 10 1000 2 0 0 3 0 0\n"
        "cpu3 25 0 5 1000 1 0 0 3 0 0\nintr 99 0 9\nctxt 5\nbtime 1714000000\nprocesses 9\n"
    ),
)
ALPINE = ("0.00 0.00 0.00 1/66 2201\n", "cpu  9 0 9 99 0 0 0 0 0 0\ncpu0 9 0 9 99 0 0 0 0 0 0\nbtime 1\n")
CONTAINER_OF_ARCH = (
    "1.50 1.00 0.50 0/31 412\n",
    "cpu  9 0 9 99 0 0 0 0 0 0\ncpu0 9 0 9 99 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\n",
)

TWO = "cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\nbtime 1\n"


def load(text: str) -> Files:
    return {"/proc/loadavg": text, "/proc/stat": TWO}


@pytest.mark.parametrize("build", [debian, redhat, alpine])
def test_the_load_is_that_of_each_processor(build: Callable[[Files], FakeHost]) -> None:
    host = build(load("0.70 3.00 12.23 3/110 20645\n"))
    assert collect_load.collect(host) == LoadTraits(
        processors=2, one_minute=0.35, five_minutes=1.5, fifteen_minutes=6.12
    )


def test_a_little_more_or_less_is_no_news() -> None:
    former = {"processors": 2, "one_minute": 0.35, "five_minutes": 1.5, "fifteen_minutes": 1.5}
    found = {"processors": 2, "one_minute": 1.2, "five_minutes": 1.9, "fifteen_minutes": 2.0}
    assert settled(LoadTraits, found, former) == {**former, "fifteen_minutes": 2.0}


@pytest.mark.parametrize("host", [FakeHost(), debian({"/proc/loadavg": "nothing\n"})])
def test_a_kernel_that_does_not_tell_has_no_averages(host: FakeHost) -> None:
    assert collect_load.collect(host) == LoadTraits(
        processors=1, one_minute=None, five_minutes=None, fifteen_minutes=None
    )


def test_an_unreadable_file_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_load.collect(debian(unreadable("/proc/loadavg")))


def test_an_image_has_no_load() -> None:
    with pytest.raises(UnavailableError, match="an image has no load"):
        collect_load.collect(image(KERNEL))


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (RED_HAT_7, (2, 0.04, 0.01, 0.03)),
        (UBUNTU_24, (3, 4.08, 3.2, 2.01)),
        (ALPINE, (1, 0, 0, 0)),
        (CONTAINER_OF_ARCH, (2, 0.75, 0.5, 0.25)),
    ],
    ids=["redhat-7", "ubuntu-24", "alpine", "container-of-arch"],
)
def test_the_kernels_of_all_distributions_tell_their_processors(
    files: tuple[str, str], wanted: tuple[int, float, float, float]
) -> None:
    found = collect_load.collect(FakeHost({"/proc/loadavg": files[0], "/proc/stat": files[1]}))
    assert isinstance(found, LoadTraits)
    told = (found.processors, found.one_minute, found.five_minutes, found.fifteen_minutes)
    assert told == pytest.approx(wanted, abs=0.011)

from collections.abc import Callable

import pytest

from tests.catalog.traits.hosts import KERNEL, Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.load import LoadTraits, collect_load
from vigo.catalog.traits.measured import settled
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

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

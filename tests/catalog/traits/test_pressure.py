import errno
from collections.abc import Callable

import pytest

from tests.catalog.traits.hosts import KERNEL, Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.measured import settled
from vigo.catalog.traits.pressure import Pressure, PressureTraits, collect_pressure
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

SOME = "some avg10=6.47 avg60=2.26 avg300=2.02 total=245939396\n"
FULL = "full avg10=0.20 avg60=0.19 avg300=0.60 total=67022188\n"
FILES: Files = {
    "/proc/pressure/cpu": SOME,
    "/proc/pressure/io": SOME + FULL,
    "/proc/pressure/memory": SOME + FULL,
    "/proc/pressure/irq": FULL,
}
OFF = PressureTraits(present=False, resources={})


class SwitchedOffHost(FakeHost):
    """A kernel that has the files and does not measure, as Red Hat's of Linux 4.18 without `psi=1`."""

    def __init__(self, number: int) -> None:
        super().__init__(redhat(FILES).snapshot())
        self._error = OSError(number, "the kernel's reason")

    def read_text(self, path: str) -> str | None:
        if path.startswith("/proc/pressure/"):
            raise UnavailableError(f"{path}: cannot be read: {self._error.strerror}") from self._error
        return super().read_text(path)


@pytest.mark.parametrize("build", [debian, redhat, alpine])
def test_the_pressure_on_each_resource_is_told(build: Callable[[Files], FakeHost]) -> None:
    found = collect_pressure.collect(build(FILES))
    assert isinstance(found, PressureTraits)
    assert found.present
    assert list(found.resources) == ["cpu", "io", "memory"]
    assert found.resources["io"] == Pressure(
        some_avg60_percent=2.26, some_avg300_percent=2.02, full_avg60_percent=0.19, full_avg300_percent=0.6
    )
    assert found.resources["cpu"].full_avg60_percent is None


def test_a_little_more_or_less_is_no_news() -> None:
    former = collect_pressure.collect(debian(FILES)).as_values()
    resources = {name: dict(one) for name, one in former["resources"].items()}
    resources["io"]["some_avg60_percent"] += 9
    resources["memory"]["full_avg300_percent"] += 5
    found = settled(PressureTraits, {"present": True, "resources": resources}, former)
    assert found["resources"]["io"] == former["resources"]["io"]
    assert found["resources"]["memory"]["full_avg300_percent"] == 5.6


def test_a_kernel_that_does_not_measure_has_none() -> None:
    assert collect_pressure.collect(debian()) == OFF
    assert collect_pressure.collect(SwitchedOffHost(errno.EOPNOTSUPP)) == OFF


def test_an_unreadable_file_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_pressure.collect(debian({**FILES, **unreadable("/proc/pressure/io")}))
    with pytest.raises(UnavailableError, match="the kernel's reason"):
        collect_pressure.collect(SwitchedOffHost(errno.EACCES))


def test_an_image_is_under_no_pressure() -> None:
    with pytest.raises(UnavailableError, match="an image is under no pressure"):
        collect_pressure.collect(image({**KERNEL, **FILES}))

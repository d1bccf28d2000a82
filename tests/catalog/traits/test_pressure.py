import errno
from collections.abc import Callable, Mapping

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
# /proc/pressure of Linux 5.10 (Debian 11), which tells no `full` of the processor, 6.9 (Arch), which does, and 5.14
# (Red Hat 9 with psi=1).
DEBIAN_11: Files = {
    "/proc/pressure/cpu": "some avg10=0.00 avg60=1.25 avg300=0.40 total=110893187\n",
    "/proc/pressure/io": "some avg10=0.00 avg60=0.10 avg300=0.03 total=6330\n"
    "full avg10=0.00 avg60=0.08 avg300=0.02 total=5312\n",
    "/proc/pressure/memory": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
    "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
}
ARCH: Files = {
    "/proc/pressure/cpu": "some avg10=99.00 avg60=87.30 avg300=100.00 total=18446744073709551615\n"
    "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
    "/proc/pressure/io": "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n"
    "full avg10=0.00 avg60=0.00 avg300=0.00 total=1\n",
    "/proc/pressure/irq": "full avg10=0.00 avg60=0.00 avg300=0.00 total=9\n",
    "/proc/pressure/memory": "some avg10=0.00 avg60=5.00 avg300=0.00 total=1\n"
    "full avg10=0.00 avg60=4.99 avg300=0.00 total=1\n",
}
RED_HAT_9: Files = {
    "/proc/pressure/cpu": "some avg10=0.00 avg60=0.00 avg300=0.00 total=9\n"
    "full avg10=0.00 avg60=0.00 avg300=0.00 total=9\n",
    "/proc/pressure/io": "some avg10=41.20 avg60=38.07 avg300=20.11 total=8116523\n"
    "full avg10=39.90 avg60=36.00 avg300=19.52 total=7900210\n",
    "/proc/pressure/memory": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
    "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
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


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (DEBIAN_11, {"cpu": (1.25, 0.4, None, None), "io": (0.1, 0.03, 0.08, 0.02), "memory": (0, 0, 0, 0)}),
        (ARCH, {"cpu": (87.3, 100, 0, 0), "io": (0, 0, 0, 0), "memory": (5, 0, 4.99, 0)}),
        (RED_HAT_9, {"cpu": (0, 0, 0, 0), "io": (38.07, 20.11, 36, 19.52), "memory": (0, 0, 0, 0)}),
    ],
    ids=["debian-11", "arch", "redhat-9"],
)
def test_the_kernels_of_all_distributions_tell_their_pressure(
    files: Files, wanted: Mapping[str, tuple[float | None, ...]]
) -> None:
    assert collect_pressure.collect(FakeHost(files)) == PressureTraits(
        present=True,
        resources={
            name: Pressure(
                some_avg60_percent=one[0],
                some_avg300_percent=one[1],
                full_avg60_percent=one[2],
                full_avg300_percent=one[3],
            )
            for name, one in wanted.items()
        },
    )


def test_suse_and_red_hat_7_have_no_such_folder() -> None:
    assert collect_pressure.collect(FakeHost({"/proc/loadavg": "0.00 0.01 0.05 1/142 2153\n"})) == OFF

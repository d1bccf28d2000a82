import pytest

from tests.catalog.traits.hosts import KERNEL, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.hardware import HardwareTraits, collect_hardware
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost


def test_processors_memory_and_model_are_told() -> None:
    assert collect_hardware.collect(debian()) == HardwareTraits(
        cpus=2, model="Some CPU", memory_bytes=1_024_000, virtual=False, vendor="", product=""
    )


def test_the_maker_of_a_virtual_machine_gives_it_away() -> None:
    found = collect_hardware.collect(redhat())
    assert isinstance(found, HardwareTraits)
    assert (found.virtual, found.vendor, found.product) == (True, "QEMU", "Standard PC")


def test_the_processor_of_a_guest_gives_it_away() -> None:
    found = collect_hardware.collect(debian({"/proc/cpuinfo": "processor: 0\nflags: fpu hypervisor\n"}))
    assert isinstance(found, HardwareTraits)
    assert found.virtual


def test_a_board_without_firmware_tables_is_named_by_its_device_tree() -> None:
    found = collect_hardware.collect(alpine({"/proc/device-tree/model": "Raspberry Pi 4 Model B\0"}))
    assert isinstance(found, HardwareTraits)
    assert (found.product, found.virtual) == ("Raspberry Pi 4 Model B", False)


@pytest.mark.parametrize("missing", ["/proc/cpuinfo", "/proc/meminfo"])
def test_without_proc_it_is_unavailable(missing: str) -> None:
    files = {path: node for path, node in KERNEL.items() if path != missing}
    with pytest.raises(UnavailableError, match="mount /proc"):
        collect_hardware.collect(FakeHost(files))


def test_an_unreadable_file_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_hardware.collect(debian(unreadable("/proc/cpuinfo")))


def test_an_image_has_no_hardware() -> None:
    with pytest.raises(UnavailableError, match="an image has no hardware"):
        collect_hardware.collect(image(KERNEL))

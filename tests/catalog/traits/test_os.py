import pytest

from tests.catalog.traits.hosts import alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.os import OsTraits, collect_os
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode


def test_debian_is_told_in_full() -> None:
    assert collect_os.collect(debian()) == OsTraits(
        id="debian",
        family="debian",
        name="Debian GNU/Linux 12",
        version="12",
        codename="bookworm",
        kernel="6.1.0-18-amd64",
        arch="x86_64",
        init="systemd",
    )


def test_a_derivative_has_its_own_id_and_the_family_of_its_kin() -> None:
    found = collect_os.collect(redhat())
    assert isinstance(found, OsTraits)
    assert (found.id, found.family, found.version, found.codename) == ("rocky", "redhat", "9.3", "")


def test_an_old_kernel_is_asked_for_its_processor_by_uname() -> None:
    found = collect_os.collect(alpine())
    assert isinstance(found, OsTraits)
    assert (found.family, found.arch, found.init) == ("alpine", "aarch64", "openrc")


def test_a_host_that_tells_neither_processor_nor_init_has_empty_texts() -> None:
    found = collect_os.collect(FakeHost({"/etc/os-release": "ID=void\n"}))
    assert isinstance(found, OsTraits)
    assert (found.family, found.kernel, found.arch, found.init) == ("void", "", "", "")


def test_a_running_host_without_the_file_is_unavailable_and_says_which() -> None:
    with pytest.raises(UnavailableError, match="expected /etc/os-release or /usr/lib/os-release, found neither"):
        collect_os.collect(FakeHost())


def test_a_file_that_cannot_be_read_is_not_taken_for_a_missing_one() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_os.collect(debian(unreadable("/etc/os-release")))


def test_an_image_tells_its_own_system_and_nothing_of_the_kernel_outside() -> None:
    files = {
        "/etc/os-release": "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=24.04\n",
        "/usr/lib/systemd/systemd": "",
        "/usr/bin/dash": b"\x7fELF\x02\x01\x01" + bytes(11) + b"\xb7\x00",
        "/bin/sh": FakeNode.symlink("/usr/bin/dash"),
        "/proc/sys/kernel/osrelease": "6.1\n",
        "/proc/sys/kernel/arch": "x86_64\n",
    }
    found = collect_os.collect(image(files))
    assert isinstance(found, OsTraits)
    assert (found.id, found.family, found.version) == ("ubuntu", "debian", "24.04")
    assert (found.kernel, found.arch, found.init) == ("", "aarch64", "systemd")


def test_an_empty_image_is_a_plain_linux() -> None:
    found = collect_os.collect(image())
    assert isinstance(found, OsTraits)
    assert (found.id, found.family, found.version, found.arch) == ("linux", "linux", "", "")

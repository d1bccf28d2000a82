import pytest

from tests.catalog.traits.hosts import DPKG_QUERY, alpine, debian, image, redhat
from vigo.catalog.api import CommandResult
from vigo.catalog.resources.packages import host_tool
from vigo.catalog.traits.packages import TOOLS, PackagesTraits, collect_packages
from vigo.core.errors import BlockedError, UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode


def test_the_tools_are_those_of_the_kind_package_in_its_order() -> None:
    assert tuple(host_tool.TOOLS.values()) == TOOLS


def test_packages_of_dpkg_have_plain_names_and_left_over_settings_are_none() -> None:
    assert collect_packages.collect(debian()) == PackagesTraits(tool="apt", installed={"curl": "8.5-2", "libc6": "2"})


def test_packages_of_rpm_are_told_once_and_a_dot_in_a_name_stays() -> None:
    assert collect_packages.collect(redhat()) == PackagesTraits(
        tool="dnf", installed={"curl": "7.76-1", "python3": "3.11-1", "python3.11": "3.11-1"}
    )


def test_packages_of_apk_are_read_from_its_file() -> None:
    assert collect_packages.collect(alpine()) == PackagesTraits(
        tool="apk", installed={"busybox": "1.36.1-r15", "musl": "1.2.4-r2"}
    )


def test_an_image_is_read_from_its_own_files() -> None:
    status = "Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 8.5-2\n"
    assert collect_packages.collect(image({"/var/lib/dpkg/status": status})) == PackagesTraits(
        tool="apt", installed={"curl": "8.5-2"}
    )


def test_an_image_of_rpm_says_why_it_cannot_be_read() -> None:
    with pytest.raises(BlockedError, match="rpm database cannot be read from outside"):
        collect_packages.collect(image({"/var/lib/rpm": FakeNode.directory()}))


@pytest.mark.parametrize("host", [FakeHost(), image()])
def test_a_host_without_a_package_tool_is_unavailable(host: FakeHost) -> None:
    with pytest.raises(UnavailableError, match="expected one of apt, apk, pacman, zypper, dnf"):
        collect_packages.collect(host)


def test_a_tool_that_fails_is_told_in_its_own_words() -> None:
    host = debian(answers={DPKG_QUERY: CommandResult(2, stderr="the database is locked")})
    with pytest.raises(UnavailableError, match="the database is locked"):
        collect_packages.collect(host)

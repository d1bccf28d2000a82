import pytest

from tests.catalog.traits.hosts import KERNEL, Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.virtualisation import VirtualisationTraits, collect_virtualisation
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

CLOCKS = "/sys/devices/system/clocksource/clocksource0/available_clocksource"
GUEST: Files = {"/proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu hypervisor\n", CLOCKS: "kvm-clock tsc acpi_pm \n"}


def collected(host: FakeHost) -> VirtualisationTraits:
    found = collect_virtualisation.collect(host)
    assert isinstance(found, VirtualisationTraits)
    return found


def test_a_debian_on_its_own_hardware_can_host_guests() -> None:
    files: Files = {"/dev/kvm": FakeNode(kind="other"), "/sys/class/dmi/id/sys_vendor": "Dell Inc.\n"}
    assert collected(debian(files)) == VirtualisationTraits(
        kind="machine", hypervisor="", container="", can_host_kvm=True
    )


def test_a_guest_under_red_hat_is_told() -> None:
    assert collected(redhat(GUEST)) == VirtualisationTraits(
        kind="vm", hypervisor="kvm", container="", can_host_kvm=False
    )
    assert collected(redhat()).hypervisor == "qemu"


def test_a_container_of_alpine_has_the_hypervisor_of_its_machine() -> None:
    assert collected(alpine({**GUEST, "/.dockerenv": ""})) == VirtualisationTraits(
        kind="container", hypervisor="kvm", container="docker", can_host_kvm=False
    )


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"/run/systemd/container": "systemd-nspawn\n"}, "systemd-nspawn"),
        ({"/run/host/container-manager": "podman\n", "/.dockerenv": ""}, "podman"),
        ({"/run/systemd/container": "oci\n", "/run/.containerenv": ""}, "podman"),
        ({"/run/systemd/container": "something-new\n"}, "container-other"),
        ({"/run/secrets/kubernetes.io": FakeNode.directory()}, "kubernetes"),
        ({"/proc/1/cgroup": "4:memory:/lxc/web\n"}, "lxc"),
        ({"/proc/vz": FakeNode.directory()}, "openvz"),
        ({"/proc/vz": FakeNode.directory(), "/proc/bc": FakeNode.directory()}, ""),
        ({"/proc/sys/kernel/osrelease": "5.15.153.1-microsoft-standard-WSL2\n"}, "wsl"),
        ({}, ""),
    ],
)
def test_a_container_is_told_by_what_its_manager_left(files: Files, name: str) -> None:
    assert collected(debian(files)).container == name


def test_a_host_that_shows_nothing_is_a_machine_of_its_own() -> None:
    assert collected(FakeHost()) == VirtualisationTraits(
        kind="machine", hypervisor="", container="", can_host_kvm=False
    )


@pytest.mark.parametrize("path", [CLOCKS, "/run/systemd/container", "/proc/1/cgroup"])
def test_an_unreadable_file_is_told(path: str) -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collected(debian(unreadable(path)))


def test_an_image_runs_nowhere() -> None:
    with pytest.raises(UnavailableError, match="an image runs nowhere"):
        collected(image(KERNEL))

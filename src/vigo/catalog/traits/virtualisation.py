"""The trait set `virtualisation`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.hypervisors import (
    OTHER_CONTAINER,
    MachineSigns,
    container_by_group,
    container_by_manager,
    hypervisor_name,
    is_wsl,
)
from vigo.core.errors import UnavailableError

_FIRMWARE = "/sys/class/dmi/id"
_NAMES = ("product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version")
_CLOCKS = "/sys/devices/system/clocksource/clocksource0/available_clocksource"
_DEVICE_TREE = "/proc/device-tree/hypervisor/compatible"
_MANAGERS = ("/run/host/container-manager", "/run/systemd/container")
_MARKS = {
    "/run/.containerenv": "podman",
    "/.dockerenv": "docker",
    "/run/secrets/kubernetes.io": "kubernetes",
    "/var/run/secrets/kubernetes.io": "kubernetes",
}


class VirtualisationTraits(TraitSet, frozen=True, kw_only=True):
    """What the system runs in. The names are those of systemd-detect-virt(1)."""

    kind: Annotated[
        str, field("container, vm for a virtual machine, or machine for hardware of its own.", example="vm")
    ]
    hypervisor: Annotated[
        str,
        field(
            "Hypervisor: kvm, qemu, vmware, microsoft, oracle, xen, amazon, google, apple, zvm, ..., or vm-other; empty"
            " without one. A container has that of its machine.",
            example="kvm",
        ),
    ]
    container: Annotated[
        str,
        field(
            "Kind of container: docker, podman, lxc, systemd-nspawn, wsl, openvz, kubernetes for a pod of another"
            " runtime, ..., or container-other; empty without one.",
            example="",
        ),
    ]
    can_host_kvm: Annotated[bool, field("Whether the host has /dev/kvm, so that it can run virtual machines itself.")]


@collector("virtualisation", every=timedelta(days=1), timeout=timedelta(seconds=5))
def collect_virtualisation(host: ReadHost) -> VirtualisationTraits:
    """Report the hypervisor and the container. Source: systemd-detect-virt(1), sysfs(5), proc_cpuinfo(5).

    Raises:
        UnavailableError: this is an image, or a file cannot be read.
    """
    if host.is_image():
        raise UnavailableError("an image runs nowhere; it shows on the machine that boots it")
    hypervisor = hypervisor_name(_signs(host))
    container = next((name for name in _containers(host) if name), "")
    return VirtualisationTraits(
        kind="container" if container else "vm" if hypervisor else "machine",
        hypervisor=hypervisor,
        container=container,
        can_host_kvm=host.stat("/dev/kvm") is not None,
    )


def _signs(host: ReadHost) -> MachineSigns:
    return MachineSigns(
        firmware=tuple(_told(host, f"{_FIRMWARE}/{name}") for name in _NAMES),
        cpuinfo=_told(host, "/proc/cpuinfo"),
        hypervisor_type=_told(host, "/sys/hypervisor/type"),
        xen_capabilities=_told(host, "/proc/xen/capabilities"),
        clocks=_told(host, _CLOCKS),
        device_tree=_told(host, _DEVICE_TREE),
        sysinfo=_told(host, "/proc/sysinfo"),
    )


def _containers(host: ReadHost) -> Iterator[str]:
    """Yield what each sign says of a container, the surest first; those that say nothing are empty."""
    if host.stat("/proc/vz") is not None and host.stat("/proc/bc") is None:
        yield "openvz"  # the machine beneath has both
    yield "wsl" if is_wsl(_told(host, "/proc/sys/kernel/osrelease")) else ""
    managers = [container_by_manager(_told(host, path)) for path in _MANAGERS]
    yield from (name for name in managers if name != OTHER_CONTAINER)
    yield from (name for path, name in _MARKS.items() if host.stat(path) is not None)
    yield container_by_group(_told(host, "/proc/1/cgroup"))
    yield OTHER_CONTAINER if OTHER_CONTAINER in managers else ""


def _told(host: ReadHost, path: str) -> str:
    return (host.read_text(path) or "").strip()

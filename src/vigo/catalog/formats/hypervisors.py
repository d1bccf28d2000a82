"""What tells of the hypervisor or container that a system runs in. Pure: texts in, names out.

The names are those of systemd-detect-virt(1), so that they mean the same everywhere.
"""

from collections.abc import Sequence

import msgspec

from vigo.catalog.formats.control_groups import parse_memberships

OTHER_VM, OTHER_CONTAINER = "vm-other", "container-other"

_BY_FIRMWARE = (
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("KubeVirt", "kvm"),
    ("Amazon EC2", "amazon"),
    ("QEMU", "qemu"),
    ("VMware", "vmware"),
    ("VMW", "vmware"),
    ("innotek GmbH", "oracle"),
    ("VirtualBox", "oracle"),
    ("Xen", "xen"),
    ("Bochs", "bochs"),
    ("Parallels", "parallels"),
    ("BHYVE", "bhyve"),
    ("Hyper-V", "microsoft"),
    ("Virtual Machine", "microsoft"),
    ("Apple Virtualization", "apple"),
    ("Google Compute Engine", "google"),
)
_SURER_THAN_PROCESSOR = frozenset({"oracle", "xen", "amazon", "parallels", "google"})
"""Hypervisors that answer as another one where the processor is asked."""
_RENT_MACHINES_TOO = frozenset({"amazon", "google"})
_BY_CLOCK = {"kvm-clock": "kvm", "hyperv_clocksource_tsc_page": "microsoft", "xen": "xen"}
_BY_DEVICE_TREE = (("kvm", "kvm"), ("xen", "xen"), ("vmware", "vmware"))
_BY_CONTROL_PROGRAM = (("KVM", "kvm"), ("z/VM", "zvm"))
_BY_GROUP = (("kubepods", "kubernetes"), ("libpod", "podman"), ("docker", "docker"), ("lxc", "lxc"))
_BY_MANAGER = frozenset(
    {"docker", "podman", "lxc", "lxc-libvirt", "systemd-nspawn", "rkt", "wsl", "proot", "pouch", "openvz"}
)


class MachineSigns(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to tell a machine by; a text that it does not have is empty.

    `firmware` are the names that DMI has for the machine and its makers, `hypervisor_type` is /sys/hypervisor/type,
    `xen_capabilities` is /proc/xen/capabilities, `clocks` are the clock sources that the kernel has, `device_tree` is
    what the device tree says of a hypervisor, and `sysinfo` is /proc/sysinfo of s390.
    """

    firmware: Sequence[str] = ()
    cpuinfo: str = ""
    hypervisor_type: str = ""
    xen_capabilities: str = ""
    clocks: str = ""
    device_tree: str = ""
    sysinfo: str = ""


def hypervisor_name(signs: MachineSigns) -> str:
    """Return the hypervisor beneath a machine; empty for a machine of its own, `vm-other` for an unknown one."""
    flags = _cpu_flags(signs.cpuinfo)
    by_firmware = _by_firmware(signs.firmware)
    if by_firmware in _RENT_MACHINES_TOO and flags is not None and "hypervisor" not in flags:
        return ""  # their machines without a hypervisor have the same names
    if by_firmware in _SURER_THAN_PROCESSOR:
        return by_firmware
    if "User Mode Linux" in signs.cpuinfo:
        return "uml"
    if signs.hypervisor_type.strip() == "xen":
        # The first domain drives the machine: it is no guest.
        return "" if "control_d" in signs.xen_capabilities else "xen"
    by_clock = next((_BY_CLOCK[clock] for clock in signs.clocks.split() if clock in _BY_CLOCK), "")
    known = by_clock or by_firmware or _first_in(_BY_DEVICE_TREE, signs.device_tree) or _control_program(signs.sysinfo)
    return known or (OTHER_VM if "hypervisor" in (flags or ()) else "")


def container_by_manager(text: str) -> str:
    """Return the kind of container that its manager wrote down; empty where it wrote down nothing.

    Source: systemd's "Container Interface", /run/host/container-manager and /run/systemd/container.
    """
    name = text.strip().lower()
    if not name:
        return ""
    return name if name in _BY_MANAGER else OTHER_CONTAINER


def container_by_group(text: str) -> str:
    """Return the kind of container by the groups of its first process, /proc/1/cgroup, where they are not hidden."""
    parts = {part for path in parse_memberships(text).values() for part in path.split("/")}
    return next((name for sign, name in _BY_GROUP if any(part.startswith(sign) for part in parts)), "")


def is_wsl(release: str) -> bool:
    """Return whether a kernel's release is that of the Windows Subsystem for Linux."""
    return "microsoft" in release.lower() or "WSL" in release


def _by_firmware(texts: Sequence[str]) -> str:
    return next((name for text in texts for sign, name in _BY_FIRMWARE if text.startswith(sign)), "")


def _cpu_flags(cpuinfo: str) -> frozenset[str] | None:
    """Return the flags of the first x86 processor, or None for another kind, whose flags tell of no hypervisor."""
    line = next((line for line in cpuinfo.split("\n") if line.startswith("flags")), None)
    return None if line is None else frozenset(line.partition(":")[2].split())


def _first_in(signs: Sequence[tuple[str, str]], text: str) -> str:
    return next((name for sign, name in signs if sign in text), "")


def _control_program(sysinfo: str) -> str:
    line = next((line for line in sysinfo.split("\n") if line.startswith("VM00 Control Program:")), "")
    return _first_in(_BY_CONTROL_PROGRAM, line) or (OTHER_VM if line else "")

"""The trait set `hardware`."""

from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.kernel import parse_cpuinfo, parse_sizes
from vigo.core.errors import UnavailableError

_HYPERVISOR_VENDORS = (
    "QEMU",
    "VMware",
    "innotek",
    "Xen",
    "Amazon EC2",
    "Google",
    "DigitalOcean",
    "Hetzner",
    "OpenStack",
    "Parallels",
    "Red Hat",
)
_VIRTUAL_PRODUCTS = ("KVM", "Virtual Machine", "VirtualBox", "VMware", "OpenStack", "HVM domU", "BHYVE")


class HardwareTraits(TraitSet, frozen=True, kw_only=True):
    """The machine that the system runs on. What it does not tell is an empty text."""

    cpus: Annotated[int, field("Number of logical processors in use.", example=4)]
    model: Annotated[str, field("Model of the first processor.", example="AMD EPYC 7B13")]
    memory_bytes: Annotated[int, field("Memory that the kernel can use, in bytes.", example=8_328_249_344)]
    virtual: Annotated[bool, field("Whether this is a virtual machine.")]
    vendor: Annotated[str, field("Maker of the machine, as its firmware tells it.", example="Dell Inc.")]
    product: Annotated[str, field("Product name of the machine, as its firmware tells it.", example="PowerEdge R650")]


@collector("hardware", every=timedelta(days=1), timeout=timedelta(seconds=5))
def collect_hardware(host: ReadHost) -> HardwareTraits:
    """Report the processors, the memory and the maker. Source: proc_cpuinfo(5), proc_meminfo(5), sysfs-firmware-dmi.

    Raises:
        UnavailableError: this is an image, or the kernel does not tell.
    """
    if host.is_image():
        raise UnavailableError("an image has no hardware; it shows on the machine that boots it")
    cpuinfo, meminfo = host.read_text("/proc/cpuinfo"), host.read_text("/proc/meminfo")
    if cpuinfo is None or meminfo is None:
        raise UnavailableError("expected /proc/cpuinfo and /proc/meminfo, found them missing; mount /proc")
    cpu = parse_cpuinfo(cpuinfo)
    vendor, product = _firmware(host, "sys_vendor"), _firmware(host, "product_name")
    is_known = vendor.startswith(_HYPERVISOR_VENDORS) or product.startswith(_VIRTUAL_PRODUCTS)
    return HardwareTraits(
        cpus=max(cpu.cpus, 1),
        model=cpu.model,
        memory_bytes=parse_sizes(meminfo).get("MemTotal", 0),
        virtual=cpu.is_guest or is_known or host.stat("/sys/hypervisor/type") is not None,
        vendor=vendor,
        product=product or _board(host),
    )


def _firmware(host: ReadHost, name: str) -> str:
    return (host.read_text(f"/sys/class/dmi/id/{name}") or "").strip()


def _board(host: ReadHost) -> str:
    """Return the name of a machine that has a device tree in the place of DMI."""
    return (host.read_text("/proc/device-tree/model") or "").strip("\0 \n")

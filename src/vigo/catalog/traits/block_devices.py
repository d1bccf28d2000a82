"""The trait set `block_devices`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.numbers import whole_number
from vigo.catalog.formats.udev_records import parse_udev_record, udev_text
from vigo.core.errors import UnavailableError

_DEVICES = "/sys/block"
_UDEV = "/run/udev/data"
_SECTOR_BYTES = 512
"""The unit of `size`, whatever the sectors of the device are. Source: sysfs-block in the kernel's ABI documents."""
_MOST_DEVICES, _MOST_PARTS = 100, 64
_NO_DEVICES = ("ram", "fd")
_OPTICAL = "5"
_SNAP_IMAGES = "/var/lib/snapd/"
_KINDS_BY_NAME = {"loop": "loop", "zram": "zram", "sr": "rom", "md": "raid", "nbd": "nbd", "drbd": "drbd"}
_KINDS_BY_MAPPER = {"LVM": "lvm", "CRYPT": "crypt", "mpath": "mpath", "DMRAID": "raid", "Stratis": "stratis"}


class Partition(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a device, and what is on it as far as udev found out; else the texts are empty."""

    size_bytes: Annotated[int, field("Size, in bytes.", example=1_073_741_824)]
    content: Annotated[str, field("Type of what is on it, a filesystem's or other.", example="ext4")]
    label: Annotated[str, field("Label of what is on it.", example="boot")]
    uuid: Annotated[str, field("UUID of what is on it.")]


class BlockDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device that holds blocks. What it does not tell is an empty text."""

    kind: Annotated[
        str, field("disk, loop, rom, zram, raid, lvm, crypt, mpath, or dm for another of the device mapper.")
    ]
    size_bytes: Annotated[int, field("Size, in bytes.", example=21_474_836_480)]
    read_only: Annotated[bool, field("Whether it takes no writes.")]
    removable: Annotated[bool, field("Whether its medium can be taken out.")]
    rotational: Annotated[bool, field("Whether the kernel takes it for a disk that turns.")]
    model: Annotated[str, field("Model, as the device tells it.", example="Samsung SSD 870")]
    serial: Annotated[str, field("Serial number, as the device or udev tells it.")]
    mapper: Annotated[str, field("Name beneath /dev/mapper; empty for a device that has none.", example="vg0-root")]
    stands_on: Annotated[tuple[str, ...], field("Names of the devices and partitions that it is made of, sorted.")]
    content: Annotated[
        str, field("Type of what is on the whole of it as far as udev found out.", example="LVM2_member")
    ]
    label: Annotated[str, field("Label of what is on the whole of it.")]
    uuid: Annotated[str, field("UUID of what is on the whole of it.")]
    partitions: Annotated[dict[str, Partition], field("Its partitions by name, at most 64.")]


class BlockDevicesTraits(TraitSet, frozen=True, kw_only=True):
    """The block devices that have a size; memory disks, floppies and the images of snaps are left out."""

    devices: Annotated[dict[str, BlockDevice], field("Devices by the kernel's name, the first 100.")]
    count: Annotated[int, field("Number of all such devices.", example=2)]


@collector("block_devices", every=timedelta(hours=1), timeout=timedelta(seconds=5))
def collect_block_devices(host: ReadHost) -> BlockDevicesTraits:
    """Report the block devices. Source: sysfs(5), lsblk(8), udev(7).

    Raises:
        UnavailableError: this is an image, or a file cannot be read.
    """
    if host.is_image():
        raise UnavailableError("an image has no devices; they show on the machine that boots it")
    names = [name for name in host.list_directory(_DEVICES) or () if _is_meant(host, name)]
    return BlockDevicesTraits(
        devices={name: _device(host, name) for name in names[:_MOST_DEVICES]},
        count=len(names),
    )


def _is_meant(host: ReadHost, name: str) -> bool:
    folder = f"{_DEVICES}/{name}"
    if name.startswith(_NO_DEVICES) or not _size_bytes(host, folder) or _told(host, f"{folder}/hidden") == "1":
        return False
    return not (name.startswith("loop") and _told(host, f"{folder}/loop/backing_file").startswith(_SNAP_IMAGES))


def _device(host: ReadHost, name: str) -> BlockDevice:
    folder = f"{_DEVICES}/{name}"
    record = _record(host, folder)
    content, label, uuid = _content(record)
    return BlockDevice(
        kind=_kind(host, name),
        size_bytes=_size_bytes(host, folder),
        read_only=_told(host, f"{folder}/ro") == "1",
        removable=_told(host, f"{folder}/removable") == "1",
        rotational=_told(host, f"{folder}/queue/rotational") == "1",
        model=_told(host, f"{folder}/device/model"),
        serial=_serial(host, folder, record),
        mapper=_told(host, f"{folder}/dm/name"),
        stands_on=host.list_directory(f"{folder}/slaves") or (),
        content=content,
        label=label,
        uuid=uuid,
        partitions=dict(_partitions(host, name)),
    )


def _partitions(host: ReadHost, name: str) -> Iterator[tuple[str, Partition]]:
    folder = f"{_DEVICES}/{name}"
    names = [part for part in host.list_directory(folder) or () if part.startswith(name)]
    for part in names[:_MOST_PARTS]:
        if host.stat(f"{folder}/{part}/partition") is not None:
            content, label, uuid = _content(_record(host, f"{folder}/{part}"))
            size_bytes = _size_bytes(host, f"{folder}/{part}")
            yield part, Partition(size_bytes=size_bytes, content=content, label=label, uuid=uuid)


def _record(host: ReadHost, folder: str) -> dict[str, str]:
    """Return what udev noted of a device, nothing where no udev runs (BusyBox's mdev, a container)."""
    numbers = _told(host, f"{folder}/dev")
    text = host.read_text(f"{_UDEV}/b{numbers}") if numbers.replace(":", "").isdigit() else None
    return dict(parse_udev_record(text or ""))


def _content(record: dict[str, str]) -> tuple[str, str, str]:
    label = record.get("ID_FS_LABEL_ENC", record.get("ID_FS_LABEL", ""))
    return record.get("ID_FS_TYPE", ""), udev_text(label), record.get("ID_FS_UUID", "")


def _serial(host: ReadHost, folder: str, record: dict[str, str]) -> str:
    own = _told(host, f"{folder}/serial") or _told(host, f"{folder}/device/serial")
    return own or record.get("ID_SERIAL_SHORT", "")


def _kind(host: ReadHost, name: str) -> str:
    mapper = _told(host, f"{_DEVICES}/{name}/dm/uuid")
    if mapper or name.startswith("dm-"):
        return _KINDS_BY_MAPPER.get(mapper.partition("-")[0], "dm")
    if _told(host, f"{_DEVICES}/{name}/device/type") == _OPTICAL:
        return "rom"
    return _KINDS_BY_NAME.get(name.rstrip("0123456789"), "disk")


def _size_bytes(host: ReadHost, folder: str) -> int:
    return (whole_number(_told(host, f"{folder}/size")) or 0) * _SECTOR_BYTES


def _told(host: ReadHost, path: str) -> str:
    return (host.read_text(path) or "").strip("\0 \n")

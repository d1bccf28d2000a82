"""Which device is meant, and whether it is the one that is mounted. Source: mount(8), fstab(5), udev(7)."""

import re

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.mount_info import LiveMount, mount_that_holds, path_within
from vigo.catalog.paths import real_path

_BY = {"UUID": "by-uuid", "LABEL": "by-label", "PARTUUID": "by-partuuid", "PARTLABEL": "by-partlabel"}
_PLAIN = re.compile(r"[A-Za-z0-9#+.:=@_-]")
_ALSO_CALLED = {
    "nfs": ("nfs4",),
    "ntfs": ("fuseblk", "ntfs3"),
    "ntfs-3g": ("fuseblk",),
    "smb3": ("cifs",),
    "smbfs": ("cifs",),
}


def path_of_device(device: str) -> str | None:
    """Return the path that leads to a device, or None for what has none: a server's export, a name such as tmpfs."""
    tag, equals, value = device.partition("=")
    if equals and tag in _BY:
        return f"/dev/disk/{_BY[tag]}/{_link_name(value)}"
    return device if device.startswith("/") and not device.startswith("//") else None


def is_same_device(host: ReadHost, device: str, live: LiveMount) -> bool:
    """Return whether what is mounted comes from a device or server.

    Where the kernel has no device of that name (tmpfs, a pool of zfs) the word is anybody's choice: it is not compared.
    """
    path = path_of_device(device)
    if path is None:
        is_named = "/" in device or ":" in device
        return not is_named or device.rstrip("/") == live.source.rstrip("/")
    wanted = real_path(host, path)
    kernel_name = (host.read_link(f"/sys/dev/block/{live.number}") or "").rpartition("/")[2]
    found = f"/dev/{kernel_name.replace('!', '/')}" if kernel_name else real_path(host, live.source)
    if wanted == found:
        return True
    # A file is mounted by way of a loop device.
    backing = host.read_text(f"/sys/block/{kernel_name}/loop/backing_file") if kernel_name.startswith("loop") else None
    return backing is not None and backing.rstrip("\n") == wanted


def is_same_folder(host: ReadHost, source: str, live: LiveMount, mounts: tuple[LiveMount, ...]) -> bool:
    """Return whether a bind mount shows this folder or file."""
    path = real_path(host, source)
    # What lies at the mount's own path is hidden by it, or is it.
    holds = mount_that_holds([mount for mount in mounts if mount is not live], path)
    return holds is not None and holds.number == live.number and path_within(holds, path) == live.root


def is_same_type(fstype: str, live: LiveMount) -> bool:
    """Return whether a type as fstab writes it is the one that is mounted."""
    if fstype in ("auto", "none"):
        return True
    names = {one for given in fstype.split(",") for one in (given, f"fuse.{given}", *_ALSO_CALLED.get(given, ()))}
    return live.fstype in names


def _link_name(value: str) -> str:
    """Return a label or id as udev names its symlink."""
    return "".join(one if _PLAIN.fullmatch(one) or not one.isascii() else f"\\x{ord(one):02x}" for one in value)

"""Which filesystems the boot mounts: fstab(5). Pure: text in, values out; a line of another form is passed over."""

from collections.abc import Mapping

import msgspec

from vigo.catalog.formats.mounts import parse_mounts

_BY_OTHERS = frozenset({"noauto", "x-systemd.automount"})
_WITHOUT_OPTIONS = 3


class BootMount(msgspec.Struct, frozen=True):
    """One line that names a path, and whether the boot itself mounts it: not with `noauto` or an automounter."""

    path: str
    device: str
    type: str
    is_automatic: bool


def parse_boot_mounts(text: str) -> Mapping[str, BootMount]:
    """Return the mounts of /etc/fstab by path; of two lines for one path the last. Swap has no path: `none`."""
    lines = (line.strip() for line in text.split("\n"))
    kept = "\n".join(_filled(line) for line in lines if not line.startswith("#"))
    found: dict[str, BootMount] = {}
    for mount in parse_mounts(kept):
        if mount.path.startswith("/"):
            path = mount.path.rstrip("/") or "/"
            found[path] = BootMount(path, mount.device, mount.type, _BY_OTHERS.isdisjoint(mount.options))
    return found


def _filled(line: str) -> str:
    """Return a line with the options that it may leave out."""
    return f"{line} defaults" if len(line.split()) == _WITHOUT_OPTIONS else line

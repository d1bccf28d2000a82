"""The trait set `filesystems`."""

from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.mounts import Occupancy, parse_df, parse_mounts
from vigo.catalog.traits.measured import measured
from vigo.core.errors import UnavailableError

_PASSING_TYPES = """
autofs bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl hugetlbfs mqueue nsfs proc pstore ramfs
rpc_pipefs securityfs squashfs sysfs tmpfs tracefs
"""
_NO_STORE = frozenset(_PASSING_TYPES.split())
"""What holds nothing that lasts; a squashfs is a package, full from its first day."""
_STEP_PERCENT = 5
# A server that is gone would keep `df` waiting, so what lies on the network is left out. BusyBox has no such option.
_LOCAL, _ALL = ("df", "-P", "-k", "-l"), ("df", "-P", "-k")


class Filesystem(msgspec.Struct, frozen=True, kw_only=True):
    """One filesystem of this machine."""

    device: Annotated[str, field("Device or source that is mounted.", example="/dev/vda1")]
    type: Annotated[str, field("Type as the kernel names it.", example="ext4")]
    read_only: Annotated[bool, field("Whether it is mounted for reading only.")]
    size_bytes: Annotated[int, field("Size of its store, in bytes.", example=21_474_836_480)]
    used_percent: Annotated[
        int, measured("What is used of what users may fill, in percent as df(1) has it; to five.", step=_STEP_PERCENT)
    ]


class FilesystemsTraits(TraitSet, frozen=True, kw_only=True):
    """The local filesystems that hold something lasting."""

    mounted: Annotated[dict[str, Filesystem], field("Filesystems by the path where they are mounted.")]


@collector("filesystems", every=timedelta(hours=1), timeout=timedelta(seconds=10))
def collect_filesystems(host: ReadHost) -> FilesystemsTraits:
    """Report the local filesystems and how full they are. Source: df(1), proc_pid_mounts(5).

    Raises:
        UnavailableError: this is an image, or `df` does not answer.
    """
    if host.is_image():
        raise UnavailableError("an image has no filesystems of its own; they show on the machine that boots it")
    mounts = {mount.path: mount for mount in parse_mounts(host.read_text("/proc/mounts") or "")}
    found: dict[str, Filesystem] = {}
    for row in _table(host):
        mount = mounts.get(row.path)
        if mount is not None and row.size_bytes and mount.type not in _NO_STORE:
            found[row.path] = Filesystem(
                device=mount.device,
                type=mount.type,
                read_only="ro" in mount.options,
                size_bytes=row.size_bytes,
                used_percent=row.used_percent,
            )
    return FilesystemsTraits(mounted=found)


def _table(host: ReadHost) -> tuple[Occupancy, ...]:
    reason = "there is no such program"
    for argv in (_LOCAL, _ALL):
        answer = host.query(argv)
        if answer is None:
            break
        # One filesystem that cannot be asked makes the status 1; the others are in the table all the same.
        if rows := parse_df(answer.stdout):
            return rows
        reason = answer.stderr.strip()[:200] or f"status {answer.status} and no table"
    raise UnavailableError(f"expected `df -P -k` to tell the filesystems, found: {reason}; run it by hand")

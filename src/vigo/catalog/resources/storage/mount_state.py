"""What /etc/fstab and the kernel say of one path."""

import msgspec

from vigo.catalog.api import FileStat, ReadHost
from vigo.catalog.formats.fstab import PATH, FstabEntry, fstab_entries
from vigo.catalog.formats.mount_info import LiveMount, parse_mount_info
from vigo.catalog.paths import real_path
from vigo.core.errors import BlockedError, InvalidError

_TABLE = "/proc/self/mountinfo"
_AUTOMOUNTER = "autofs"


class Fstab(msgspec.Struct, frozen=True):
    """The table, None where there is none, and the entry of a path."""

    text: str | None
    entry: FstabEntry | None


class LiveState(msgspec.Struct, frozen=True, kw_only=True):
    """What is mounted: everything, and at the path the last on top. `beneath` are the paths of mounts inside it."""

    mounts: tuple[LiveMount, ...]
    here: tuple[LiveMount, ...]
    beneath: tuple[str, ...]
    point: FileStat | None
    """What is at the path; not looked at while something is mounted there, since a dead server would not answer."""


def fstab_of(host: ReadHost, path: str, field: str) -> Fstab:
    """Return the table and the entry of a path.

    Raises:
        InvalidError: the table is no file, or has the path several times.
        UnavailableError: it cannot be read.
    """
    text = read_fstab(host, field)
    found = fstab_entries(text or "", lambda entry: entry.path == path and entry.fstype != "swap")
    if len(found) > 1:
        raise InvalidError(
            f"{field}: expected {path} at most once in {PATH}, found it {len(found)} times; remove those that are not"
            " meant"
        )
    return Fstab(text, found[0] if found else None)


def read_fstab(host: ReadHost, field: str) -> str | None:
    """Return the table's text, bytes that are no UTF-8 kept as surrogates, or None where there is no table.

    Raises:
        InvalidError: it is no file.
        UnavailableError: it cannot be read.
    """
    stat = host.stat(PATH)
    if stat is not None and stat.kind != "file":
        raise InvalidError(f"{field}: expected a file at {PATH}, found a {stat.kind}; put a file there")
    content = host.read_bytes(PATH)
    return None if content is None else content.decode(errors="surrogateescape")


def live_state(host: ReadHost, path: str) -> LiveState:
    """Return what is mounted at a path.

    Raises:
        BlockedError: the kernel does not tell of mounts.
        UnavailableError: its table cannot be read.
    """
    content = host.read_bytes(_TABLE)
    if content is None:
        raise BlockedError(f"path: expected {_TABLE} to tell what is mounted, found none; mount /proc")
    mounts = parse_mount_info(content.decode(errors="surrogateescape"))
    real = path if any(mount.path == path for mount in mounts) else real_path(host, path)
    # An automounter only waits for the real mount, which goes on top of it.
    here = tuple(mount for mount in mounts if mount.path == real and mount.fstype != _AUTOMOUNTER)
    inside = real.rstrip("/") + "/"
    return LiveState(
        mounts=mounts,
        here=here,
        beneath=tuple(dict.fromkeys(mount.path for mount in mounts if mount.path.startswith(inside))),
        point=None if here else host.stat(real),
    )

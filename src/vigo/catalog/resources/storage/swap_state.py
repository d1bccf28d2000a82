"""What is at the path of a swap area, and whether it is in use."""

import re

import msgspec

from vigo.catalog.api import FileStat, ReadHost
from vigo.catalog.formats.fstab import FstabEntry, fstab_entries
from vigo.catalog.formats.swaps import parse_swaps
from vigo.catalog.paths import real_path
from vigo.catalog.resources.files.attributes import parent_of
from vigo.catalog.resources.storage.mount_state import read_fstab
from vigo.core.errors import BlockedError, InvalidError, UnavailableError

_TABLE = "/proc/swaps"
_TOOLS = ("mkswap", "swapon", "swapoff")
_FOUND, _NOTHING_KNOWN = 0, 2
_TYPE = re.compile(r'\b(?:PT)?TYPE="([^"]*)"')


class LiveSwap(msgspec.Struct, frozen=True, kw_only=True):
    """What a running machine has. `priority` is None where the area is not in use."""

    path: str
    """The path without symlinks, as the kernel calls it."""
    stat: FileStat | None
    has_folder: bool
    priority: int | None
    content: str | None
    """What blkid finds: `swap`, another type, or None for nothing known. Not asked where the area is in use."""
    missing_tools: tuple[str, ...]


class SwapState(msgspec.Struct, frozen=True, kw_only=True):
    """The table of the boot with the area's line, and what is there now (None in an image)."""

    fstab: str | None
    entry: FstabEntry | None
    live: LiveSwap | None


def swap_state(host: ReadHost, path: str) -> SwapState:
    """Return what is at a path and in fstab.

    Raises:
        BlockedError: this kernel does not swap.
        InvalidError: fstab is no file, or a symlink leads to the area's.
        UnavailableError: something cannot be read.
    """
    text = read_fstab(host, "path")
    found = fstab_entries(text or "", lambda entry: entry.fstype == "swap" and entry.device == path)
    return SwapState(fstab=text, entry=found[0] if found else None, live=None if host.is_image() else _live(host, path))


def _live(host: ReadHost, path: str) -> LiveSwap:
    table = host.read_text(_TABLE)
    if table is None:
        raise BlockedError(f"path: expected {_TABLE}, found none; this kernel does not swap")
    real = real_path(host, path)
    priorities = {area.path: area.priority for area in parse_swaps(table)}
    priority = priorities.get(real)
    stat = host.stat(real)
    target = host.read_link(path)
    if target is not None and stat is not None and stat.kind == "file":
        raise InvalidError(f"path: expected a file at {path}, found a symlink to {target}; name that path")
    asks = priority is None and stat is not None and stat.kind in ("file", "other")
    return LiveSwap(
        path=real,
        stat=stat,
        has_folder=host.stat(parent_of(real)) is not None,
        priority=priority,
        content=_content(host, real) if asks else None,
        missing_tools=tuple(tool for tool in _TOOLS if not host.has_program(tool)),
    )


def _content(host: ReadHost, path: str) -> str | None:
    """Return what is known to be on a device or in a file. Source: blkid(8), the low-level probing of `-p`."""
    answer = host.query(("blkid", "-p", "--", path))
    if answer is None:
        raise BlockedError("path: expected the program blkid to tell what is there, found none; install util-linux")
    types = _TYPE.findall(answer.stdout)
    if answer.status == _FOUND and types:
        return str(types[0])
    if answer.status == _NOTHING_KNOWN:
        return None
    told = answer.stderr.strip()[:200] or f"status {answer.status}"
    raise UnavailableError(
        f"path: expected blkid to tell what is at {path}, found: {told}; nothing is done to what nobody knows"
        " (busybox has another blkid: install util-linux)"
    )

"""What is mounted where, with the options of each. Pure: text in, values out; a line of another form is passed over."""

from collections.abc import Sequence

import msgspec

from vigo.catalog.formats.octal_escapes import unescaped

_FEWEST_FIELDS = 6
_FIELDS_BEHIND = 3


class LiveMount(msgspec.Struct, frozen=True, kw_only=True):
    """One mount. `number` is its device as MAJOR:MINOR; `root` is what of the file system is seen at `path`."""

    number: str
    root: str
    path: str
    options: tuple[str, ...]
    fstype: str
    source: str
    of_filesystem: tuple[str, ...] = ()
    """The options that every mount of the same file system shares."""


def parse_mount_info(text: str) -> tuple[LiveMount, ...]:
    """Return the lines of /proc/self/mountinfo; of two mounts at one path the later one is on top.

    Source: proc_pid_mountinfo(5).
    """
    found = (_parsed(line) for line in text.split("\n"))
    return tuple(mount for mount in found if mount is not None)


def mount_that_holds(mounts: Sequence[LiveMount], path: str) -> LiveMount | None:
    """Return the mount that a path without symlinks lies in."""
    found: LiveMount | None = None
    for mount in mounts:
        beneath = mount.path if mount.path.endswith("/") else f"{mount.path}/"
        if f"{path}/".startswith(beneath) and (found is None or len(mount.path) >= len(found.path)):
            found = mount
    return found


def path_within(mount: LiveMount, path: str) -> str:
    """Return where in its file system a path lies that the mount holds."""
    inside = path.removeprefix(mount.path.rstrip("/"))
    return (mount.root.rstrip("/") + inside).rstrip("/") or "/"


def _parsed(line: str) -> LiveMount | None:
    before, separator, behind = line.partition(" - ")
    first, last = before.split(" "), behind.split(" ")
    if not separator or len(first) < _FEWEST_FIELDS or len(last) < _FIELDS_BEHIND:
        return None
    return LiveMount(
        number=first[2],
        root=unescaped(first[3]),
        path=unescaped(first[4]),
        options=tuple(first[5].split(",")),
        fstype=last[0],
        source=unescaped(last[1]),
        of_filesystem=tuple(last[2].split(",")),
    )

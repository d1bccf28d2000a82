"""Control groups: who is in which, and what limits a group. Pure: text in, values out. Source: cgroups(7)."""

from collections.abc import Mapping

from vigo.catalog.formats.numbers import whole_number

UNIFIED = ""
"""The name under which the hierarchy of version 2 stands among those of version 1."""

_FEWEST_COLUMNS = 4
_MOST_LEVELS = 32


def parse_memberships(text: str) -> Mapping[str, str]:
    """Return the groups of a process by controller, from /proc/PID/cgroup; `UNIFIED` is that of version 2.

    Named hierarchies stand under their names, as `name=systemd`.
    """
    found: dict[str, str] = {}
    for line in text.split("\n"):
        number, _, rest = line.partition(":")
        controllers, colon, path = rest.partition(":")
        if colon and number.isdigit() and path.startswith("/"):
            found.update(dict.fromkeys(controllers.split(","), path))
    return found


def parse_attached_controllers(text: str) -> tuple[str, ...]:
    """Return the controllers of /proc/cgroups that are switched on and belong to a hierarchy of version 1, sorted."""
    rows = (line.split() for line in text.split("\n") if not line.startswith("#"))
    return tuple(
        sorted({row[0] for row in rows if len(row) >= _FEWEST_COLUMNS and row[1] not in ("", "0") and row[3] == "1"})
    )


def levels(path: str) -> tuple[str, ...]:
    """Return a group and those that it is in, the innermost first, to the root, the empty text; the outermost 32.

    A group outside of the part that its process can see has `..` in its path: of such a one only the root is known.
    """
    parts = [part for part in path.split("/") if part]
    if ".." in parts:
        return ("",)
    return tuple("/" + "/".join(parts[:count]) if count else "" for count in range(len(parts), -1, -1))[-_MOST_LEVELS:]


def parse_limit(text: str) -> int | None:
    """Return a limit in its file's unit, or None for none.

    Version 2 writes `max`; version 1 the largest number of whole pages, whose 19 digits are no number here either.
    """
    return whole_number(text)

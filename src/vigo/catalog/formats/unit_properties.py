"""What `systemctl show` says of units, and whether systemd goes by other files than are there. Source: systemctl(1)."""

import shlex
from collections.abc import Mapping, Sequence

from vigo.catalog.formats.units import parse_properties

_SHOWN = (
    "--property=LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,Type,RemainAfterExit,"
    "FragmentPath,DropInPaths"
)

SUFFIXES = (".service", ".socket", ".timer", ".path", ".target", ".mount", ".swap", ".slice", ".automount")
"""The sorts of units that have files. Source: systemd.unit(5)."""


def unit_question(unit: str) -> tuple[str, ...]:
    """Return the question for one unit; for a template it is about those of its instances that systemd has loaded."""
    name, at, rest = unit.partition("@")
    asked = f"{name}@*{rest}" if at and rest in SUFFIXES else unit
    return ("systemctl", "show", _SHOWN, "--", asked)


def parse_units(text: str) -> Sequence[Mapping[str, str]]:
    """Return the properties of each unit in an answer."""
    blocks = (parse_properties(block) for block in text.split("\n\n"))
    return [block for block in blocks if block]


def is_of(unit: Mapping[str, str], path: str) -> bool:
    """Return whether systemd goes by this file for a unit, or has a unit active of which no file is left."""
    is_orphan = unit.get("LoadState") == "not-found" and unit.get("ActiveState", "inactive") != "inactive"
    return is_orphan or unit.get("FragmentPath") == path


def is_outdated(units: Sequence[Mapping[str, str]], dropin: str | None, *, is_there: bool) -> bool:
    """Return whether systemd goes by other files than are there.

    It does not see that a folder of drop-ins is new until it reads all units anew, so that the drop-in, whose path may
    be given with whether it is there, is looked for among those that it went by.
    """
    for unit in units:
        if unit.get("NeedDaemonReload") == "yes":
            return True
        is_known = dropin in _paths(unit.get("DropInPaths", ""))
        if dropin is not None and unit.get("LoadState") not in ("not-found", "masked") and is_known != is_there:
            return True
    return False


def _paths(text: str) -> Sequence[str]:
    """Return the paths of a list; one with a backslash, as in the unit of `/srv/my-share`, is quoted as for a shell."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split(" ")

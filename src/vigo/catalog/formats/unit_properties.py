"""What `systemctl show` says of units, and whether systemd goes by other files than are there. Source: systemctl(1)."""

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


def is_outdated(units: Sequence[Mapping[str, str]], dropin: str | None, *, is_there: bool) -> bool:
    """Return whether systemd goes by other files than are there.

    It does not see that a folder of drop-ins is new until it reads all units anew, so that the drop-in, whose path may
    be given with whether it is there, is looked for among those that it went by.
    """
    for unit in units:
        if unit.get("NeedDaemonReload") == "yes":
            return True
        is_known = dropin in unit.get("DropInPaths", "").split(" ")
        if dropin is not None and unit.get("LoadState") not in ("not-found", "masked") and is_known != is_there:
            return True
    return False

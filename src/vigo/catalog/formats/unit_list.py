"""The answer of `systemctl list-units`. Pure: text in, states by unit out."""

from collections.abc import Mapping

import msgspec

LIST_UNITS = ("systemctl", "list-units", "--all", "--plain", "--no-legend", "--no-pager")
"""One question for all units: systemd answers it in a few milliseconds, and sets that need it share the answer."""

_RUNNING = frozenset({"active", "activating", "reloading", "refreshing"})
_FEWEST_COLUMNS = 4


class UnitState(msgspec.Struct, frozen=True):
    """How systemd has a unit in memory. Source: systemctl(1), list-units."""

    load: str
    active: str
    sub: str

    @property
    def is_running(self) -> bool:
        """Whether it runs or did its work; between two attempts of a service that fails at once, nothing runs."""
        return self.active in _RUNNING and self.sub != "auto-restart"

    @property
    def has_failed(self) -> bool:
        """Whether it failed and nobody started or reset it since."""
        return self.active == "failed"


def parse_unit_list(text: str) -> Mapping[str, UnitState]:
    """Return the units by name; a mark before the name, which older versions print, is passed over.

    Where the locale has no other signs, as on a host without C.UTF-8, the mark is an asterisk.
    """
    found: dict[str, UnitState] = {}
    for line in text.split("\n"):
        words = line.split(maxsplit=5)
        if words and (not words[0].isascii() or words[0] == "*"):
            words = words[1:]
        if len(words) >= _FEWEST_COLUMNS and "." in words[0]:
            found[words[0]] = UnitState(*words[1:4])
    return found

"""Services of a fake host that systemd runs."""

from collections.abc import Mapping, Sequence

import msgspec

from vigo.catalog.api import CommandResult
from vigo.catalog.ops import Run
from vigo.testing.fake_host import FakeHost


class FakeUnit(msgspec.Struct, frozen=True, kw_only=True):
    """One unit. `boot` is what systemd calls the state of its file: enabled, disabled, static."""

    running: bool = False
    boot: str = "disabled"
    masked: bool = False


class FakeServices:
    """Answers `systemctl show` and carries out starting, stopping, enabling and disabling."""

    programs = frozenset({"systemctl"})

    def __init__(self, units: Mapping[str, FakeUnit]) -> None:
        self.units = dict(units)

    def query(self, argv: Sequence[str], host: FakeHost) -> CommandResult | None:
        """Answer for one unit."""
        del host
        if argv[1] != "show":
            return None
        unit = self.units.get(argv[-1])
        if unit is None:
            return CommandResult(0, "LoadState=not-found\nActiveState=inactive\nUnitFileState=\n")
        load = "masked" if unit.masked else "loaded"
        active = "active" if unit.running else "inactive"
        return CommandResult(0, f"LoadState={load}\nActiveState={active}\nUnitFileState={unit.boot}\n")

    def run(self, op: Run, host: FakeHost) -> CommandResult:
        """Change one unit."""
        del host
        verb, name = op.argv[1], op.argv[-1]
        unit = self.units.get(name)
        if unit is None:
            return CommandResult(5, stderr=f"Unit {name} not found.")
        if verb in ("enable", "disable"):
            self.units[name] = msgspec.structs.replace(unit, boot=f"{verb}d")
        elif verb != "reload":
            self.units[name] = msgspec.structs.replace(unit, running=verb != "stop")
        return CommandResult(0)

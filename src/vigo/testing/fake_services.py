"""Services of a fake host that systemd runs."""

from collections.abc import Mapping, Sequence

import msgspec

from vigo.catalog.api import CommandResult
from vigo.catalog.ops import Run
from vigo.testing.fake_host import FakeHost, FakeTool


class FakeUnit(msgspec.Struct, frozen=True, kw_only=True):
    """One unit. `boot` is what systemd calls the state of its file: enabled, disabled, static.

    `stale` says that the file was changed and systemd not told; `fails`, that it waits to be started again.
    """

    running: bool = False
    boot: str = "disabled"
    masked: bool = False
    stale: bool = False
    fails: bool = False
    oneshot: bool = False


class FakeServices(FakeTool):
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
        active = "activating" if unit.fails else "active" if unit.running else "inactive"
        properties = {
            "LoadState": load,
            "ActiveState": active,
            "SubState": "auto-restart" if unit.fails else "running" if unit.running else "dead",
            "UnitFileState": unit.boot,
            "NeedDaemonReload": "yes" if unit.stale else "no",
            "Type": "oneshot" if unit.oneshot else "simple",
            "RemainAfterExit": "no",
        }
        return CommandResult(0, "".join(f"{name}={value}\n" for name, value in properties.items()))

    def run(self, op: Run, host: FakeHost) -> CommandResult:
        """Change one unit, or read all of their files anew."""
        del host
        verb, name = op.argv[1], op.argv[-1]
        if verb == "daemon-reload":
            self.units = {unit: msgspec.structs.replace(old, stale=False) for unit, old in self.units.items()}
            return CommandResult(0)
        unit = self.units.get(name)
        if unit is None:
            return CommandResult(5, stderr=f"Unit {name} not found.")
        if verb in ("enable", "disable"):
            self.units[name] = msgspec.structs.replace(unit, boot=f"{verb}d")
        elif verb != "reload":
            self.units[name] = msgspec.structs.replace(unit, running=verb != "stop", fails=False)
        return CommandResult(0)

"""What keeps a pass from changing a resource, though it would: `noop` of more than one, and maintenance windows."""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import UNSET

from vigo.catalog.api import ReadHost
from vigo.catalog.host_clock import zone_of
from vigo.core.clock import Clock
from vigo.core.errors import BlockedError
from vigo.core.plan import Origin, Plan
from vigo.core.run import Outcome
from vigo.core.windows import Windows


class Held(NamedTuple):
    """How a resource ends that is not to be changed now, and why."""

    outcome: Outcome
    reason: str


class Holds:
    """What holds for one plan on one machine. It is asked before each change, since a window may close meanwhile.

    `outside_window` lets the windows count for nothing, as an operator may say for one run.
    """

    def __init__(self, plan: Plan, host: ReadHost, clock: Clock, *, outside_window: bool = False) -> None:
        self._noop = None if plan.noop is UNSET else plan.noop
        self._noops = {} if plan.noop_configcrates is UNSET else plan.noop_configcrates
        self._clock = clock
        self._windows = Windows(())
        self._problem = ""
        if plan.windows is not UNSET and not outside_window:
            try:
                self._windows = windows_of(plan, host)
            except BlockedError as error:
                self._problem = str(error)

    def held(self, configcrate: str, fields: Iterable[str] = ()) -> Held | None:
        """Return how a resource of a configcrate ends whose fields would change, or None where they may."""
        named = ", ".join(dict.fromkeys(fields))
        otherwise = f"it would change {named}" if named else "it would go on"
        noop = self.noop(configcrate)
        if noop is not None:
            return Held("skipped", f"`noop: true` ({noop}); otherwise {otherwise}")
        if self._problem:
            return Held("blocked", f"{self._problem}; {otherwise}")
        now = self._clock.now()
        if self._windows.is_open(now):
            return None
        opens = self._windows.next_change(now)
        when = "" if opens is None else f" (opens {opens.told(now)})"
        return Held("skipped", f"outside the maintenance window{when}; then {otherwise}")

    def noop(self, configcrate: str) -> Origin | None:
        """Return where `noop: true` stands for a configcrate as a whole, or for everything."""
        return self._noop or self._noops.get(configcrate)


def windows_of(plan: Plan, host: ReadHost) -> Windows:
    """Return the windows of a plan, each with its zone as this machine knows it.

    Raises:
        BlockedError: it does not know one of them.
    """
    windows = () if plan.windows is UNSET else plan.windows
    return Windows([(one, zone_of(host, one.timezone, "the maintenance window")) for one in windows])

"""How much of the server one envoy may take within a minute, so that the others keep theirs."""

from datetime import timedelta
from typing import Final

from vigo.core.clock import Clock
from vigo.core.errors import UnavailableError
from vigo.core.ids import EnvoyId

MOST_UNITS: Final = 12_000
"""An agent that comes back after a week delivers some 2,500 runs at once; a call is a unit, and so is each 16 KiB."""

UNIT_BYTES: Final = 16 * 1024
_WINDOW: Final = timedelta(minutes=1)


class Pace:
    """Counts by envoy in windows of a minute."""

    def __init__(self, clock: Clock, most_units: int = MOST_UNITS) -> None:
        self._clock = clock
        self._most_units = most_units
        self._begun = clock.monotonic()
        self._taken: dict[EnvoyId, int] = {}

    def take(self, envoy: EnvoyId, units: int) -> None:
        """Count what an envoy takes.

        Raises:
            UnavailableError: it took too much within this minute.
        """
        now = self._clock.monotonic()
        if now - self._begun >= _WINDOW:
            self._begun, self._taken = now, {}
        taken = self._taken.get(envoy, 0) + units
        if taken > self._most_units:
            raise UnavailableError("this envoy asks for more within a minute than an agent does; try again in a minute")
        self._taken[envoy] = taken

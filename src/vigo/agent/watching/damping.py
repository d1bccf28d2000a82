"""How often one resource may be repaired: a few times at once, then less and less often."""

from datetime import datetime, timedelta
from typing import Final

from vigo.core.clock import Clock
from vigo.core.ids import ResourceId

AT_ONCE: Final = 5
"""So many turns come without a pause."""

REGAINED_EVERY: Final = timedelta(seconds=30)
"""After each such time one more does."""

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=5)


class Turns:
    """The latest turns of one resource that events led to. `is_told` says that it was reported as fought over."""

    def __init__(self, now: datetime, at: timedelta) -> None:
        self.since = now
        self.count = 0
        self.repairs = 0
        self.left = float(AT_ONCE)
        self.last_at = at
        self.pause = timedelta(0)
        self.writer = ""
        self.is_told = False

    @property
    def is_fought_over(self) -> bool:
        """Whether it was repaired again and again until its turns were used up."""
        return bool(self.pause) and self.repairs >= AT_ONCE - 1


class Damper:
    """Counts turns. A resource that had none for long enough is as one that never had any."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turns: dict[ResourceId, Turns] = {}

    def waits(self, resource: ResourceId) -> timedelta:
        """Return how long a resource has to wait for its next turn; nothing, where it need not."""
        turns = self._current(resource)
        if turns is None or turns.left >= 1:
            return timedelta(0)
        return max(timedelta(0), turns.last_at + turns.pause - self._clock.monotonic())

    def took_turn(self, resource: ResourceId, *, repaired: bool) -> Turns:
        """Note a turn and whether it repaired something, and return the latest ones."""
        now = self._clock.monotonic()
        turns = self._current(resource) or self._turns.setdefault(resource, Turns(self._clock.now(), now))
        turns.count += 1
        turns.repairs += repaired
        turns.left = max(0.0, turns.left - 1)
        turns.last_at = now
        if turns.left < 1:
            turns.pause = min(turns.pause * 2 or FIRST_PAUSE, LONGEST_PAUSE)
        return turns

    def turns_of(self, resource: ResourceId) -> Turns | None:
        """Return the latest turns of a resource, if it had any lately."""
        return self._current(resource)

    def forget_quiet(self) -> None:
        """Forget those that had no turn for long enough."""
        for resource in list(self._turns):
            self._current(resource)

    def _current(self, resource: ResourceId) -> Turns | None:
        turns = self._turns.get(resource)
        if turns is None:
            return None
        quiet = self._clock.monotonic() - turns.last_at
        regained = quiet / REGAINED_EVERY
        if turns.left + regained >= AT_ONCE and quiet > 2 * turns.pause:
            del self._turns[resource]
            return None
        if turns.pause == timedelta(0) and regained >= 1:
            turns.left = min(float(AT_ONCE), turns.left + int(regained))
            turns.last_at += int(regained) * REGAINED_EVERY
        return turns

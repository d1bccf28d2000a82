"""A clock that a test sets."""

from datetime import UTC, datetime, timedelta

START = datetime(2030, 1, 1, tzinfo=UTC)


class FakeClock:
    """Stands still until it is moved. `jump` moves the wall clock alone, as ntpd or an operator does."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._monotonic = timedelta(0)

    def now(self) -> datetime:
        """Return the moment that was set."""
        return self._now

    def monotonic(self) -> timedelta:
        """Return how far the clock was advanced."""
        return self._monotonic

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by
        self._monotonic += by

    def jump(self, by: timedelta) -> None:
        """Set the wall clock by a distance, without time passing."""
        self._now += by

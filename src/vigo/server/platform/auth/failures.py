"""How many refusals an address may cause: guessing is slow, and costs the others nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from vigo.core.clock import Clock
from vigo.core.errors import UnavailableError

_WINDOW: Final = timedelta(minutes=1)
_MOST_SOURCES: Final = 10_000


class FailureLimit:
    """Counts refusals by source address in windows of a minute. `what` is what was refused, in the plural."""

    def __init__(self, clock: Clock, what: str, most: Callable[[], int]) -> None:
        self._clock = clock
        self._what = what
        self._most = most
        self._begun = clock.monotonic()
        self._failures: dict[str, int] = {}

    def check(self, source: str) -> None:
        """Return when an address may try.

        Raises:
            UnavailableError: it was refused too often within this minute.
        """
        self._roll()
        most = self._most()
        if self._failures.get(self._key(source), 0) >= most:
            raise UnavailableError(
                f"{self._what} from {source} were refused {most} times within a minute; try again in a minute"
            )

    def note(self, source: str) -> bool:
        """Count a refusal; return whether it is worth a row in the audit trail.

        Those that began together all pass `check`; a flood of them must not flood the trail too.
        """
        self._roll()
        key = self._key(source)
        self._failures[key] = self._failures.get(key, 0) + 1
        return self._failures[key] <= self._most()

    def _key(self, source: str) -> str:
        """Return whose count a source has; in a flood from very many addresses the late ones share one."""
        return source if source in self._failures or len(self._failures) < _MOST_SOURCES else ""

    def _roll(self) -> None:
        now = self._clock.monotonic()
        if now - self._begun >= _WINDOW:
            self._begun, self._failures = now, {}

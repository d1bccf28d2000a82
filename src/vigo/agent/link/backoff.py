"""How long to wait before the next try: exponential, with full jitter, so that a fleet does not return in step."""

from collections.abc import Callable
from datetime import timedelta

BASE = timedelta(seconds=1)
CAP = timedelta(minutes=5)

RandomShare = Callable[[], float]
"""Returns a number from 0 up to 1, like `random.random`."""


def backoff_delay(failures: int, random_share: RandomShare, base: timedelta = BASE, cap: timedelta = CAP) -> timedelta:
    """Return the wait after so many failures in a row: anything from none to the doubled base, up to the cap."""
    # Beyond some failures the doubling only matters for overflow.
    ceiling = min(cap, base * (1 << min(failures, 40)))
    return ceiling * random_share()


def phase_delay(now_seconds: float, interval: timedelta, offset_share: float) -> timedelta:
    """Return the wait until this envoy's own moment in the interval.

    `offset_share`, from 0 up to 1, is fixed for each envoy, so that a fleet's check-ins are spread evenly whenever its
    machines were started.
    """
    length = interval.total_seconds()
    passed = (now_seconds - offset_share * length) % length
    return timedelta(seconds=length - passed)

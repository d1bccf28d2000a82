"""Moments and durations as people say them."""

from datetime import datetime, timedelta
from typing import Final

_STEPS: Final = (
    (timedelta(days=365), "year"),
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
    (timedelta(seconds=1), "second"),
)
_NOW: Final = timedelta(seconds=2)
_MILLISECONDS_A_SECOND: Final = 1000


def relative(moment: datetime | None, now: datetime) -> str:
    """Return how far a moment is from now, such as `3 minutes ago` or `in 2 days`; `never` for none."""
    if moment is None:
        return "never"
    # An hour less the time that the answer took is an hour.
    distance = timedelta(seconds=round(abs(moment - now).total_seconds()))
    if distance < _NOW:
        return "now"
    size, unit = next(step for step in _STEPS if distance >= step[0])
    count = distance // size
    text = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{text} ago" if moment < now else f"in {text}"


def exact(moment: datetime) -> str:
    """Return the moment in full, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def told(moment: datetime | None, now: datetime) -> str:
    """Return the moment in full and how far it is."""
    return "never" if moment is None else f"{exact(moment)}, {relative(moment, now)}"


def milliseconds(count: float) -> str:
    """Return a duration of some milliseconds in the unit that suits it."""
    if count < _MILLISECONDS_A_SECOND:
        return f"{count:.0f} ms"
    return f"{count / _MILLISECONDS_A_SECOND:.1f} s"

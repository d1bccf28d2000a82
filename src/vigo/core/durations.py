"""Durations as people write them: a number and a unit."""

import re
from datetime import timedelta
from typing import Final

from vigo.core.errors import InvalidError

_TEXT: Final = re.compile(r"([0-9]{1,6})(s|m|h|d)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse_duration(text: str) -> timedelta:
    """Return the duration in a text such as 30s, 5m, 12h or 90d.

    Raises:
        InvalidError: it is none.
    """
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise InvalidError(f"expected a duration such as 30s, 5m, 12h or 90d, found {text[:40]!r}")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def format_duration(duration: timedelta) -> str:
    """Return the shortest text that `parse_duration` reads back. Fractions of a second are cut."""
    seconds = int(duration.total_seconds())
    unit = next((name for name in ("d", "h", "m") if seconds and seconds % _SECONDS[name] == 0), "s")
    return f"{seconds // _SECONDS[unit]}{unit}"

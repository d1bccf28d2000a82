"""Numbers, sizes and moments as people read them."""

from datetime import UTC, datetime
from typing import Final

import minijinja

_UNITS: Final = ((86_400 * 365, "y"), (86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_SIZES: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_FACTOR: Final = 1024
_SHORT_MS: Final = 1000.0
_SOON_SECONDS: Final = 1


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago or ahead a moment is, with the exact one when it is pointed at."""
    if moment is None:
        return minijinja.safe('<span class="nothing">never</span>')
    seconds = (now - moment).total_seconds()
    text = _roughly(abs(seconds))
    told = "now" if abs(seconds) < _SOON_SECONDS else f"{text} ago" if seconds > 0 else f"in {text}"
    exact = clock_text(moment)
    return minijinja.safe(f'<time datetime="{moment.astimezone(UTC).isoformat()}" title="{exact}">{told}</time>')


def clock_text(moment: datetime | None) -> str:
    """Return a moment in full."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def amount(number: float | None) -> str:
    """Return a number with its thousands apart."""
    return "" if number is None else f"{number:,.0f}"


def size(size_bytes: float) -> str:
    """Return a number of bytes."""
    for unit in _SIZES:
        if size_bytes < _FACTOR or unit == _SIZES[-1]:
            break
        size_bytes /= _FACTOR
    return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"


def lasted(duration_ms: float | None) -> str:
    """Return a duration."""
    if duration_ms is None:
        return ""
    return f"{duration_ms:.0f} ms" if duration_ms < _SHORT_MS else f"{duration_ms / 1000:.1f} s"


def _roughly(seconds: float) -> str:
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return "1 s"

"""Maintenance windows: the hours in which machines may be changed, by the clock on a wall.

A window is open while the clock in its zone shows a time in it, and nothing else counts. So where clocks are put
forward over the time at which it begins, it opens at that moment; where they are put back over it, it opens twice.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final, Literal, NamedTuple, get_args

import msgspec

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = get_args(Day)
"""The days of the week from Monday on, as `date.weekday` counts them."""

_DAY: Final = timedelta(days=1)
# A week, and as much again for a window that lies in the hour, or the day, that a zone leaves out.
_DAYS_AHEAD: Final = 16
_SOON: Final = timedelta(days=6)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of some days. An empty `timezone` is the machine's own.

    An `end` that is not after the `start` is on the next day, so two equal ones are a whole day. `days` are those on
    which it begins.
    """

    days: tuple[Day, ...] = DAYS
    start: time = time(0)
    end: time = time(0)
    timezone: str = ""

    def contains(self, wall: datetime) -> bool:
        """Return whether a clock on the wall, which knows no zone, shows a time in it."""
        # One that began the day before may still be open.
        for begins in (datetime.combine(wall, self.start), datetime.combine(wall - _DAY, self.start)):
            if DAYS[begins.weekday()] in self.days and begins <= wall < self._end(begins):
                return True
        return False

    def edges(self, wall: datetime) -> tuple[datetime, datetime]:
        """Return what the clock shows when it begins and ends, were it to begin on the day of a time."""
        begins = datetime.combine(wall, self.start)
        return begins, self._end(begins)

    def _end(self, begins: datetime) -> datetime:
        return datetime.combine(begins if self.end > self.start else begins + _DAY, self.end)


class Change(NamedTuple):
    """A moment at which windows open or close, and the zone of the one that does."""

    moment: datetime
    zone: tzinfo
    timezone: str

    def told(self, now: datetime) -> str:
        """Return the moment as its own clock shows it: the day of the week, with the date where that is not enough."""
        local = self.moment.astimezone(self.zone)
        day = DAYS[local.weekday()].capitalize()
        date = "" if self.moment - now < _SOON else f" {local:%Y-%m-%d}"
        return f"{day}{date} {local:%H:%M}" + (f" {self.timezone}" if self.timezone else "")


class Windows:
    """Some windows, each with the zone of its clock. One that is open is enough; without any it is always open."""

    def __init__(self, windows: Sequence[tuple[Window, tzinfo]]) -> None:
        self._windows = tuple(windows)

    def is_open(self, moment: datetime) -> bool:
        """Return whether one of them is open at a moment."""
        return not self._windows or any(
            window.contains(moment.astimezone(zone).replace(tzinfo=None)) for window, zone in self._windows
        )

    def next_change(self, moment: datetime) -> Change | None:
        """Return when they next open, if they are closed at a moment, else when they close; None where never."""
        was_open = self.is_open(moment)
        found = sorted(self._edges(moment), key=lambda one: one.moment)
        return next((one for one in found if one.moment > moment and self.is_open(one.moment) != was_open), None)

    def _edges(self, moment: datetime) -> Iterator[Change]:
        """Yield every moment from now on at which one of them may open or close."""
        for window, zone in self._windows:
            today = moment.astimezone(zone).replace(tzinfo=None)
            for days in range(-1, _DAYS_AHEAD):
                for wall in window.edges(today + days * _DAY):
                    for one in _moments(wall, zone):
                        yield Change(one, zone, window.timezone)


def _moments(wall: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Yield the moments at which the clock of a zone comes to a time: where it jumps over it, that of the jump too."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    yield first
    if first != second:
        # It is shown twice or never, PEP 495, so the clocks are put forward or back in between.
        yield second
        yield _jump(min(first, second), max(first, second), zone)


def _jump(low: datetime, high: datetime, zone: tzinfo) -> datetime:
    """Return the first moment, to the second, at which a zone is no longer as far from UTC as it is at `low`."""
    offset = low.astimezone(zone).utcoffset()
    seconds_low, seconds_high = 0, int((high - low).total_seconds())
    while seconds_high - seconds_low > 1:
        middle = (seconds_low + seconds_high) // 2
        if (low + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            seconds_low = middle
        else:
            seconds_high = middle
    return low + timedelta(seconds=seconds_high)

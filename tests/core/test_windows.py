"""Maintenance windows: what is open when, and when that changes, over every jump of the clocks."""

from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.encoding import decode, encode
from vigo.core.windows import DAYS, Window, Windows

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
WEEK = timedelta(days=7)
# Clocks of Berlin, of an island that moves by half an hour, of one where midnight itself is left out, of one that left
# out a whole day, and of one that never moves; each with a moment shortly before a jump.
JUMPS = (
    ("Europe/Berlin", datetime(2030, 3, 30, 12, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2030, 10, 26, 12, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2030, 4, 6, 3, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2030, 10, 5, 3, tzinfo=UTC)),
    ("America/Havana", datetime(2030, 3, 9, 12, tzinfo=UTC)),
    ("America/Havana", datetime(2030, 11, 2, 12, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 29, 12, tzinfo=UTC)),
    ("Asia/Kolkata", datetime(2030, 1, 1, tzinfo=UTC)),
)
NIGHT = Window(days=("mon", "tue", "wed", "thu", "fri", "sun"), start=time(22), end=time(4))


def wall(shown: str) -> datetime:
    """Return what a clock on the wall shows, which knows no zone."""
    return datetime.fromisoformat(shown)


def times() -> st.SearchStrategy[time]:
    return st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))


def windows() -> st.SearchStrategy[Window]:
    days = st.sets(st.sampled_from(DAYS), min_size=1).map(lambda found: tuple(day for day in DAYS if day in found))
    return st.builds(Window, days=days, start=times(), end=times())


@cache
def minutes(zone: str, begins: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """Return each minute of two days as a moment and as the clock on the wall shows it."""
    moments = [begins + number * MINUTE for number in range(2 * 24 * 60)]
    return tuple((one, one.astimezone(ZoneInfo(zone)).replace(tzinfo=None)) for one in moments)


def shown_in(window: Window, wall: datetime) -> bool:
    """Return whether a window has the time that a clock shows, written down another way: minute by minute."""
    minute = wall.hour * 60 + wall.minute
    start, end = (one.hour * 60 + one.minute for one in (window.start, window.end))
    today, yesterday = DAYS[wall.weekday()] in window.days, DAYS[(wall.weekday() - 1) % 7] in window.days
    if start < end:
        return today and start <= minute < end
    return (today and minute >= start) or (yesterday and minute < end)


@pytest.mark.parametrize(("zone", "begins"), JUMPS)
@given(window=windows())
def test_it_is_open_as_long_as_the_clock_shows_a_time_in_it(zone: str, begins: datetime, window: Window) -> None:
    made = Windows([(window, ZoneInfo(zone))])
    assert all(made.is_open(moment) == shown_in(window, shown) for moment, shown in minutes(zone, begins)[::7])


@pytest.mark.parametrize(("zone", "begins"), JUMPS)
@given(some=st.lists(windows(), min_size=1, max_size=3), at=st.integers(0, 24 * 60 - 1))
def test_the_next_change_is_the_first_minute_that_is_not_as_now(
    zone: str, begins: datetime, some: list[Window], at: int
) -> None:
    made = Windows([(one, ZoneInfo(zone)) for one in some])
    walked = minutes(zone, begins)[at:]
    now = walked[0][0]
    states = [any(shown_in(one, wall) for one in some) for _, wall in walked]
    expected = next((moment for (moment, _), state in zip(walked, states, strict=True) if state != states[0]), None)
    change = made.next_change(now)
    if expected is None:
        assert change is None or change.moment > walked[-1][0]
    else:
        assert change is not None
        assert change.moment == expected


@given(
    windows(), st.integers(0, 100 * 366 * 24 * 60).map(lambda count: datetime(2000, 1, 1, tzinfo=UTC) + count * MINUTE)
)
def test_a_window_opens_again_within_two_weeks_wherever_it_is(window: Window, now: datetime) -> None:
    made = Windows([(window, BERLIN)])
    change = made.next_change(now)
    if change is None:
        assert window.start == window.end
        assert window.days == DAYS
    else:
        assert now < change.moment <= now + 2 * WEEK
        assert made.is_open(change.moment) != made.is_open(now)


@given(windows())
def test_a_window_is_read_back_as_it_was_written(window: Window) -> None:
    assert decode(encode(window), Window) == window


def test_what_begins_in_the_evening_is_open_until_the_next_morning() -> None:
    saturday_morning = wall("2030-01-05 03:59")
    assert NIGHT.contains(saturday_morning)  # it began on Friday
    assert not NIGHT.contains(saturday_morning + MINUTE)
    assert not NIGHT.contains(wall("2030-01-05 23:00"))
    assert not NIGHT.contains(wall("2030-01-06 03:00"))  # it would have begun on Saturday
    assert NIGHT.contains(wall("2030-01-06 22:00"))


def test_without_times_it_is_the_whole_day() -> None:
    sunday = Window(days=("sun",))
    assert sunday.contains(wall("2030-01-06 00:00"))
    assert sunday.contains(wall("2030-01-06 23:59:59"))
    assert not sunday.contains(wall("2030-01-07 00:00"))


def test_an_hour_that_the_clocks_leave_out_opens_when_they_jump_over_its_beginning() -> None:
    made = Windows([(Window(start=time(2, 30), end=time(5)), BERLIN)])
    change = made.next_change(datetime(2030, 3, 31, 0, 30, tzinfo=UTC))
    assert change is not None
    assert change.moment == datetime(2030, 3, 31, 1, 0, tzinfo=UTC)
    assert change.told(change.moment) == "Sun 03:00"


def test_one_that_lies_in_the_hour_that_is_left_out_opens_on_the_next_day() -> None:
    made = Windows([(Window(start=time(2, 15), end=time(2, 45)), BERLIN)])
    change = made.next_change(datetime(2030, 3, 30, 12, tzinfo=UTC))
    assert change is not None
    assert change.moment == datetime(2030, 4, 1, 0, 15, tzinfo=UTC)


def test_one_that_lies_in_the_hour_that_comes_twice_opens_twice() -> None:
    made = Windows([(Window(start=time(2, 15), end=time(2, 45)), BERLIN)])
    found, now = [], datetime(2030, 10, 26, 12, tzinfo=UTC)
    for _ in range(4):
        change = made.next_change(now)
        assert change is not None
        now = change.moment
        found.append(f"{now:%H:%M}")
    assert found == ["00:15", "00:45", "01:15", "01:45"]


def test_several_are_open_when_one_of_them_is() -> None:
    early, late = Window(start=time(6), end=time(8)), Window(start=time(8), end=time(9))
    made = Windows([(early, UTC), (late, UTC)])
    change = made.next_change(datetime(2030, 1, 1, 7, tzinfo=UTC))
    assert change is not None
    assert change.moment == datetime(2030, 1, 1, 9, tzinfo=UTC)


def test_without_any_it_is_always_open() -> None:
    made = Windows(())
    assert made.is_open(datetime(2030, 1, 1, tzinfo=UTC))
    assert made.next_change(datetime(2030, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("now", "zone", "name", "told"),
    [
        (datetime(2030, 1, 4, 12, tzinfo=UTC), BERLIN, "Europe/Berlin", "Sat 22:00 Europe/Berlin"),
        (datetime(2030, 1, 4, 12, tzinfo=UTC), BERLIN, "", "Sat 22:00"),
        (datetime(2030, 1, 6, 12, tzinfo=UTC), UTC, "UTC", "Sat 2030-01-12 22:00 UTC"),
    ],
)
def test_a_change_is_told_by_its_own_clock_with_the_date_where_the_day_is_not_enough(
    now: datetime, zone: tzinfo, name: str, told: str
) -> None:
    change = Windows([(Window(days=("sat",), start=time(22), timezone=name), zone)]).next_change(now)
    assert change is not None
    assert change.told(now) == told

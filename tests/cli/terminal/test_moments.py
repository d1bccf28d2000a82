from datetime import timedelta

import pytest

from vigo.cli.terminal.moments import exact, milliseconds, relative, told
from vigo.testing.clock import START


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (timedelta(0), "now"),
        (timedelta(seconds=1), "now"),
        (timedelta(seconds=-59), "59 seconds ago"),
        (timedelta(seconds=-60), "1 minute ago"),
        (timedelta(minutes=-119), "1 hour ago"),
        (timedelta(minutes=60, milliseconds=-20), "in 1 hour"),
        (timedelta(hours=49), "in 2 days"),
        (timedelta(days=800), "in 2 years"),
    ],
)
def test_a_distance_is_told_in_its_largest_unit(distance: timedelta, text: str) -> None:
    assert relative(START + distance, START) == text


def test_no_moment_is_never() -> None:
    assert relative(None, START) == "never"
    assert told(None, START) == "never"


def test_a_moment_is_told_in_full() -> None:
    assert exact(START) == "2030-01-01 00:00:00 UTC"
    assert told(START, START + timedelta(hours=1)) == "2030-01-01 00:00:00 UTC, 1 hour ago"


def test_a_duration_has_the_unit_that_suits_it() -> None:
    assert [milliseconds(count) for count in (0.4, 12.5, 999.4, 1234)] == ["0 ms", "12 ms", "999 ms", "1.2 s"]

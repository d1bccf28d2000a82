import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.calendar_events import SHORTHANDS, check_calendar
from vigo.core.errors import InvalidError

RIGHT = (
    *sorted(SHORTHANDS),
    "Mon..Fri 08:30",
    "Mon,Thu *-*-* 04:00:00",
    "*-*-1 00:00:00 UTC",
    "*-*~1",
    "*:0/15",
    "Sat,Sun",
    "*-1,7-1 12:00",
    "10..12:00/20",
)
WRONG = (
    "",
    " ",
    "every day",
    "30 4 * * *",
    "@daily",
    "25:00",
    "Mon..",
    "Fri..Mon 10:00",
    "*-13-1",
    "*-*-32",
    "12:60",
    "*:0/0",
    "daily daily",
    "daily\n",
    "08:30:00:00",
    "Mon  08:30",
)


def is_right(text: str) -> bool:
    try:
        check_calendar("schedule", text)
    except InvalidError:
        return False
    return True


def test_a_zone_may_stand_behind() -> None:
    check_calendar("schedule", "2026-12-24 18:00 Europe/Berlin")


@pytest.mark.parametrize("text", RIGHT)
def test_what_people_write_is_accepted(text: str) -> None:
    check_calendar("schedule", text)


@pytest.mark.parametrize("text", WRONG)
def test_what_is_none_is_refused_by_the_field(text: str) -> None:
    with pytest.raises(InvalidError, match="schedule: expected"):
        check_calendar("schedule", text)


@given(st.text() | st.text(st.sampled_from("MonTue.,*-~:/0123456789 UTC"), max_size=30))
def test_any_text_is_a_calendar_event_or_refused(text: str) -> None:
    is_right(text)

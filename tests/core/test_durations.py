from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.durations import format_duration, parse_duration
from vigo.core.errors import InvalidError


@given(st.integers(0, 999_999), st.sampled_from("smhd"))
def test_what_is_written_is_read_back(number: int, unit: str) -> None:
    duration = parse_duration(f"{number}{unit}")
    if duration <= timedelta(seconds=999_999):
        assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize("text", ["", "5", "m", "-5m", "5 m", "1.5h", "5M", "5mm", "\u0665m", "9999999d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        parse_duration(text)

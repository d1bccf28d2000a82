from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.numbers import whole_number


@given(st.integers(0, 10**18 - 1))
def test_a_number_that_fits_is_read_back(number: int) -> None:
    assert whole_number(f" {number}\n") == number


@given(st.text())
def test_any_text_is_a_number_of_18_digits_at_most_or_none(text: str) -> None:
    number = whole_number(text)
    assert number is None or 0 <= number < 10**18


def test_what_python_alone_takes_for_a_number_is_none() -> None:
    for text in ("", "-1", "+1", "1_0", "٣", "1.0", "0x1", "9" * 19, "9" * 5000):
        assert whole_number(text) is None

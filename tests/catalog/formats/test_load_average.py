from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.load_average import LoadAverage, count_processors, parse_load_average

LOADS = st.integers(0, 10**6).map(lambda hundredths: hundredths / 100)


@given(LOADS, LOADS, LOADS)
def test_the_averages_are_read_back(one: float, five: float, fifteen: float) -> None:
    assert parse_load_average(f"{one:.2f} {five:.2f} {fifteen:.2f} 3/110 20645\n") == LoadAverage(one, five, fifteen)


def test_processors_are_those_with_a_line_of_their_own() -> None:
    assert count_processors("cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\n") == 2
    assert count_processors("cpu 1 2\n") == 1


@given(st.text() | st.text("0123456789. \n", max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = parse_load_average(text)
    assert found is None or all(0 <= average < 10**9 for average in found)
    assert count_processors(text) >= 1

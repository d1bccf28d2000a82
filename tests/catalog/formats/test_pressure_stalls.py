from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.pressure_stalls import StallAverages, parse_pressure

PERCENT = st.integers(0, 10_000).map(lambda hundredths: hundredths / 100)
AVERAGES = st.builds(StallAverages, PERCENT, PERCENT, PERCENT)


@given(st.dictionaries(st.sampled_from(["some", "full"]), AVERAGES))
def test_the_kernels_table_is_read_back(rows: dict[str, StallAverages]) -> None:
    text = "".join(
        f"{name} avg10={one.ten_seconds:.2f} avg60={one.one_minute:.2f} avg300={one.five_minutes:.2f} total=245939396\n"
        for name, one in rows.items()
    )
    assert parse_pressure(text) == rows


@given(st.text() | st.text("somefullavg1630=.\n ", max_size=120))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert set(parse_pressure(text)) <= {"some", "full"}

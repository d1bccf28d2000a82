import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.firmware_tables import chassis_kind, told_text


@pytest.mark.parametrize(
    "filling",
    [
        "To Be Filled By O.E.M.\n",
        "Default string",
        "Not Specified",
        "00000000-0000-0000-0000-000000000000",
        "x.x",
        " \n",
    ],
)
def test_what_nobody_filled_in_is_empty(filling: str) -> None:
    assert told_text(filling) == ""


@pytest.mark.parametrize("text", ["Dell Inc.", "1.0", "A01", "00330-80000", "NX-3060-G7"])
def test_what_somebody_filled_in_stays(text: str) -> None:
    assert told_text(f"{text}   \n") == text


@pytest.mark.parametrize(
    ("number", "kind"), [("3", "desktop"), ("10", "laptop"), ("23", "server"), ("2", ""), ("12", "other"), ("x", "")]
)
def test_the_case_has_the_kind_of_its_number(number: str, kind: str) -> None:
    assert chassis_kind(f"{number}\n") == kind


@given(st.text() | st.text("0123456789x.- \n", max_size=300))
def test_any_text_is_taken_as_one_short_line(text: str) -> None:
    assert "\n" not in told_text(text)
    assert len(told_text(text)) <= 200
    chassis_kind(text)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.nearest import did_you_mean, nearest_name


@pytest.mark.parametrize(
    ("found", "name"),
    [("contnet", "content"), ("CONTENT", "content"), ("paht", "path"), ("zzz", None), ("", None)],
)
def test_a_slip_is_told_and_nonsense_is_not(found: str, name: str | None) -> None:
    assert nearest_name(found, ["path", "content", "mode"]) == name
    assert did_you_mean(found, ["path", "content", "mode"]) == (f"; did you mean {name!r}?" if name else "")


@given(st.text(), st.lists(st.text()))
def test_only_a_valid_name_is_proposed(found: str, valid: list[str]) -> None:
    name = nearest_name(found, valid)
    assert name is None or name in valid


def test_of_equal_names_the_answer_does_not_depend_on_their_order() -> None:
    assert nearest_name("port", ["Port", "PORT"]) == nearest_name("port", ["PORT", "Port"]) == "PORT"

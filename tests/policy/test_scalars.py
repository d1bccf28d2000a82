from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.errors import InvalidError
from vigo.core.plan import Origin
from vigo.policy.scalars import boolean, duration, integer, untyped
from vigo.policy.yaml_tree import Scalar, Style

PLACE = Origin("a.vgo", 1, 1)


def value_of(text: str, style: Style = "plain") -> Any:
    return untyped(Scalar(text, PLACE, style))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("none", "none"),
        ("0", 0),
        ("-17", -17),
        ("+5", 5),
        ("0644", 644),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("1.10", 1.1),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        ("12:30", "12:30"),
        ("2026-01-31", "2026-01-31"),
        (".inf", float("inf")),
        ("-.inf", float("-inf")),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("=", "="),
    ],
)
def test_an_untyped_value_follows_the_core_schema_of_yaml_1_2(text: str, value: object) -> None:
    found = value_of(text)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_a_number() -> None:
    found = value_of(".nan")
    assert found != found  # noqa: PLR0124 - that is what is special about it


@pytest.mark.parametrize("text", ["1", "true", "null", "", "0x1f", "1.5"])
def test_what_is_quoted_is_text(text: str) -> None:
    assert value_of(text, "quoted") == text
    assert value_of(text, "literal") == text


@pytest.mark.parametrize("text", ["18446744073709551616", "9" * 100_000, "0x" + "f" * 17, "1e999", "-" + "9" * 30])
def test_a_number_that_nothing_can_hold_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="expected a number"):
        value_of(text)


@pytest.mark.parametrize("text", ["true", "True", "yes", "on", "ON"])
def test_a_boolean_field_takes_the_words_of_yaml_1_1_too(text: str) -> None:
    assert boolean(text) is True
    assert boolean({"t": "false", "y": "no", "o": "off"}[text[0].lower()]) is False


@pytest.mark.parametrize("text", ["1", "maybe", "", "y"])
def test_another_word_is_no_boolean(text: str) -> None:
    with pytest.raises(InvalidError, match="expected true or false"):
        boolean(text)


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("1h", 3600), ("2d", 172_800), (" 1s ", 1)])
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["5", "s", "-1s", "1.5h", "0s", "99999999d", "", "5 m", "٣s"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(InvalidError, match="expected a duration such as 30s"):
        duration(text)


@given(st.text())
def test_any_text_has_a_value_or_is_refused(text: str) -> None:
    for read in (value_of, boolean, duration, integer):
        try:
            read(text)
        except InvalidError:
            continue

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.conditions import PREDICATE_NAMES, PREDICATES, version_key

NUMBERS = st.lists(st.integers(0, 10**6), min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("9", "10"),
        ("1.0~rc1", "1.0"),
        ("1.0", "1.0.1"),
        ("1.0a", "1.0b"),
        ("1.0a", "1.0.1"),
        ("1.0", "1.0a"),
        ("12", "12.1"),
        ("3.9.18", "3.11"),
        ("2.0~", "2.0~a"),
        ("", "1"),
        ("9" * 5000, "1" + "0" * 5000),
    ],
)
def test_the_older_version_comes_first(older: str, newer: str) -> None:
    assert version_key(older) < version_key(newer)


@pytest.mark.parametrize(("left", "right"), [("1.0", "1-0"), ("1.05", "1.5"), ("v1", "v.1"), ("12", "0012")])
def test_separators_and_leading_zeros_are_not_compared(left: str, right: str) -> None:
    assert version_key(left) == version_key(right)


@given(NUMBERS, NUMBERS)
def test_dotted_numbers_are_ordered_as_numbers(left: list[int], right: list[int]) -> None:
    keys = [version_key(".".join(map(str, numbers))) for numbers in (left, right)]
    assert (keys[0] < keys[1]) == (left < right)
    assert (keys[0] == keys[1]) == (left == right)


@given(st.text(), st.text())
def test_any_two_texts_can_be_compared(left: str, right: str) -> None:
    first, second = version_key(left), version_key(right)
    assert (first < second) + (first == second) + (first > second) == 1


def test_predicates_have_names_that_an_expression_can_call() -> None:
    assert all(name.isidentifier() and name.islower() for name in PREDICATE_NAMES)


def test_an_example_calls_its_predicate_with_as_many_arguments_as_it_has() -> None:
    for name, predicate in PREDICATES.items():
        assert predicate.example.startswith(f"{name}(")
        assert predicate.example.count(",") + 1 == len(predicate.arguments)

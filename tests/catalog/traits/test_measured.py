from typing import Annotated

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.api import TraitSet, field
from vigo.catalog.traits.measured import measured, settled


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    used: Annotated[int, measured("percent", step=5)]


class Facts(TraitSet, frozen=True, kw_only=True):
    name: Annotated[str, field("text")]
    free: Annotated[int | None, measured("percent", step=10)]
    disks: Annotated[dict[str, Disk], field("by path")]


def _facts(name: str, free: object, **used: int) -> dict[str, object]:
    return {"name": name, "free": free, "disks": {path: {"used": value} for path, value in used.items()}}


@given(st.integers(), st.integers())
def test_a_measured_value_is_within_its_step_and_stays_until_it_left_it(found: int, former: int) -> None:
    result = settled(Facts, _facts("a", found), _facts("a", former))["free"]
    assert result in (found, former)
    assert abs(result - found) < 10
    assert (result == former) == (abs(found - former) < 10)


def test_a_value_that_swings_about_an_edge_is_told_once() -> None:
    former = _facts("a", 10)
    for free in (19, 20, 19, 21, 15, 29):
        former = settled(Facts, _facts("a", free), former)
    assert former["free"] == 20


def test_other_facts_are_always_the_new_ones() -> None:
    assert settled(Facts, _facts("new", 1), _facts("old", 2)) == _facts("new", 2)


def test_maps_of_structures_are_settled_by_key() -> None:
    found, former = _facts("a", 1, root=52, srv=60, new=1), _facts("a", 1, root=50, srv=50, gone=9)
    assert settled(Facts, found, former) == _facts("a", 1, root=50, srv=60, new=1)


def test_what_was_not_known_or_had_another_shape_is_replaced() -> None:
    assert settled(Facts, _facts("a", 5), _facts("a", None)) == _facts("a", 5)
    assert settled(Facts, _facts("a", None), _facts("a", 5)) == _facts("a", None)
    assert settled(Facts, _facts("a", 5, root=1), {}) == _facts("a", 5, root=1)
    assert settled(Facts, _facts("a", 5, root=1), {"free": "x", "disks": {"root": 3}}) == _facts("a", 5, root=1)
    assert settled(Facts, _facts("a", 5, root=1), {"disks": [1]}) == _facts("a", 5, root=1)

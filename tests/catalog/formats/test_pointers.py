from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from tests.catalog.formats.pointed_documents import MAPS, paths_in
from vigo.catalog.formats.json_text import JsonFormat
from vigo.catalog.formats.pointers import check_value, parse_pointer, same, value_at, with_value, without_value
from vigo.core.errors import InvalidError

JSON = JsonFormat()


@pytest.mark.parametrize(
    ("pointer", "path"),
    [("", ()), ("/", ("",)), ("/a/0", ("a", "0")), ("/a~1b/c~0d", ("a/b", "c~d")), ("/~01", ("~1",))],
)
def test_a_pointer_is_read_as_its_standard_says(pointer: str, path: tuple[str, ...]) -> None:
    assert parse_pointer(pointer) == path


@pytest.mark.parametrize("pointer", ["a", "a/b", "/a~2", "/~", "#/a", "/a" * 101])
def test_what_is_no_pointer_is_refused(pointer: str) -> None:
    with pytest.raises(InvalidError, match="pointer: expected"):
        parse_pointer(pointer)


@given(st.text())
def test_any_text_is_a_pointer_or_refused(text: str) -> None:
    try:
        path = parse_pointer(text)
    except InvalidError:
        return
    written = "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in path)
    assert written == text


@given(MAPS)
def test_every_place_of_a_document_has_its_value(document: dict[str, Any]) -> None:
    for path in paths_in(document):
        found: Any = document
        for token in path:
            is_there = token in found if isinstance(found, dict) else int(token) < len(found)
            found = (found[token] if isinstance(found, dict) else found[int(token)]) if is_there else UNSET
        assert value_at(document, path) is found or same(value_at(document, path), found)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1, True),
        (1, 1.0, False),
        (1, True, False),
        (float("nan"), float("nan"), True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], (1, 2), True),
        ([1, 2], [2, 1], False),
        ({"a": None}, {}, False),
        ("1", 1, False),
    ],
)
def test_values_are_the_same_only_to_every_reader(left: object, right: object, *, equal: bool) -> None:
    assert same(left, right) is equal


@pytest.mark.parametrize("value", [{1: 2}, b"x", object(), "\ud800", {"\udc80": 1}])
def test_what_no_format_can_hold_is_refused(value: object) -> None:
    with pytest.raises(InvalidError, match="value: expected"):
        check_value(value)


def test_values_without_an_end_are_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(InvalidError, match="at most 100"):
        check_value(value)


@pytest.mark.parametrize(
    ("pointer", "message"),
    [
        ("/list/5", "expected a number from 0 to 2 behind /list"),
        ("/list/x", "expected a number from 0 to 2 behind /list"),
        ("/list/-1", "expected a number"),
        ("/text/a", "expected a map or list at /text, found a text"),
        ("/number/a/b", "expected a map or list at /number, found a number"),
    ],
)
def test_a_way_that_is_barred_is_told(pointer: str, message: str) -> None:
    text = '{"list": [1, 2], "text": "x", "number": 3}'
    with pytest.raises(InvalidError, match=message):
        with_value(JSON, text, parse_pointer(pointer), 1)


def test_maps_that_are_missing_on_the_way_are_made() -> None:
    assert JSON.read(with_value(JSON, '{"a": null}', ("a", "b", "c"), 1)) == {"a": {"b": {"c": 1}}}


@pytest.mark.parametrize("path", [(), ("list", "0")])
def test_only_keys_of_maps_are_taken_away(path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidError, match="expected a key of a map"):
        without_value(JSON, '{"list": [1]}', path)

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.catalog.formats.pointed_documents import MAPS, VALUES, edited, paths_in, stand_in_order, taken_out
from vigo.catalog.formats.json_text import JsonFormat
from vigo.catalog.formats.pointers import same, with_value
from vigo.core.errors import InvalidError

JSON = JsonFormat()
LAYOUTS = st.sampled_from([{}, {"indent": 2}, {"indent": "\t"}, {"separators": (",", ":")}, {"indent": 4}])
HOSTILE = st.text() | st.text(st.sampled_from('{}[]",:0123456789truefalsn\\u \n\ufeff-eE.'), max_size=60)


@given(MAPS, LAYOUTS, st.data())
def test_a_value_that_was_set_is_there_and_the_rest_is_as_it_was(
    document: dict[str, Any], layout: dict[str, Any], data: st.DataObject
) -> None:
    text = json.dumps(document, ensure_ascii=False, **layout) + "\n"
    path = data.draw(st.sampled_from(paths_in(document)[1:]))
    after = edited(JSON, text, path, data.draw(VALUES))
    assert after is not None, "a document that json writes can always be edited"
    colon = ":" if "separators" in layout else ": "
    others = [
        f"{json.dumps(name, ensure_ascii=False)}{colon}"
        + ("" if isinstance(value, dict | list) else json.dumps(value, ensure_ascii=False))
        for name, value in document.items()
        if name != path[0]
    ]
    assert stand_in_order(others, after)


@given(MAPS, LAYOUTS, st.data())
def test_what_was_added_and_taken_out_again_leaves_the_text_as_it_was(
    document: dict[str, Any], layout: dict[str, Any], data: st.DataObject
) -> None:
    text = json.dumps(document, **layout)
    after = edited(JSON, text, ("new",), data.draw(VALUES))
    assert after is not None
    assert taken_out(JSON, after, ("new",)) == text


@given(HOSTILE, st.sampled_from([(), ("a",), ("a", "0"), ("0",)]), VALUES)
def test_any_text_is_edited_rightly_or_refused(text: str, path: tuple[str, ...], value: object) -> None:
    edited(JSON, text, path, value)
    taken_out(JSON, text, path)


@given(VALUES)
def test_a_packed_value_is_unpacked_to_itself(value: object) -> None:
    assert same(JSON.unpacked(JSON.packed(value)), value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "expected JSON"),
        ("{} {}", "found more behind it in line 1"),
        ('{"a": 1, "a": 2}', "twice in one map"),
        ('{"a": NaN}', "the word NaN"),
        ("// comment\n{}", "expected JSON"),
        ("[" * 100_000, "expected JSON"),
        ('{"a": ' + "9" * 500 + "}", "500 digits"),
        ("{'a': 1}", "expected JSON"),
    ],
)
def test_what_is_no_json_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidError, match=message):
        JSON.read(text)


@pytest.mark.parametrize(
    ("text", "path", "value", "after"),
    [
        ("", ("a",), 1, '{\n  "a": 1\n}\n'),
        ('{"a": 1}', ("b",), [1], '{"a": 1, "b": [1]}'),
        ('{"a":1}', ("b",), {"c": 2}, '{"a":1,"b":{"c":2}}'),
        ('{\n    "a": {}\n}\n', ("a", "b"), 1, '{\n    "a": {\n        "b": 1\n    }\n}\n'),
        ('{\n\t"a": [\n\t\t1\n\t]\n}', ("a", "1"), 2, '{\n\t"a": [\n\t\t1,\n\t\t2\n\t]\n}'),
        ('\ufeff{"a": 1}', ("a",), 2, '\ufeff{"a": 2}'),
        ('{"a": 1.0}', ("a",), 1, '{"a": 1}'),
    ],
)
def test_a_new_value_is_laid_out_as_its_neighbours(text: str, path: tuple[str, ...], value: Any, after: str) -> None:
    assert with_value(JSON, text, path, value) == after


def test_a_value_without_end_is_refused() -> None:
    with pytest.raises(InvalidError, match="expected a number that JSON can hold"):
        JSON.check({"a": [float("inf")]})

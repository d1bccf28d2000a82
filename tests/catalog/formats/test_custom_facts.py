import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.custom_facts import name_of_file, parse_facts
from vigo.core.encoding import decode, encode
from vigo.core.errors import InvalidError, TooLargeError, VigoError

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("rack", "rack"),
        ("rack.txt", "rack"),
        ("10-rack.sh", "rack"),
        ("05_rack_2.json", "rack_2"),
        ("Rack.py", "Rack"),
    ],
)
def test_the_order_and_the_ending_are_no_part_of_a_name(file: str, name: str) -> None:
    assert name_of_file(file) == name


@pytest.mark.parametrize(
    "file",
    ["10-", "a-b.txt", "1.txt", "_x", "__class__.txt", "a b", "rack.a.b", "räck", "", "x\n", "{{7*7}}.txt", "x" * 65],
)
def test_a_name_that_no_template_could_write_is_refused(file: str) -> None:
    with pytest.raises(InvalidError, match="rename it"):
        name_of_file(file)


def test_lines_give_texts_as_they_are_written() -> None:
    text = '# where it stands\nrow = 12\n\nnote=a = b, "c" {{ 7*7 }}\r\nempty=\n'
    assert parse_facts(text) == {"row": "12", "note": 'a = b, "c" {{ 7*7 }}', "empty": ""}


def test_an_object_gives_values_with_their_types() -> None:
    text = ' {"units": 2, "tags": ["a", null], "free": true, "deep": {"any name": 1.5}}\n'
    assert parse_facts(text) == {"units": 2, "tags": ["a", None], "free": True, "deep": {"any name": 1.5}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "JSON object"),
        ("{", "JSON"),
        ('{"a": 1} {"b": 2}', "expected JSON, found Extra data"),
        ('{"a": 1, "a": 2}', "each name once in a map"),
        ('{"a-b": 1}', "letters"),
        ('{"a": NaN}', "without end"),
        ('{"a": 1e999}', "without end"),
        ('{"a": 18446744073709551616}', "64 bits"),
        (r'{"a": "\ud800"}', "half of one"),
        (r'{"a": {"\udfff": 1}}', "half of one"),
        ('{"a": ' + "[" * 17 + "]" * 17 + "}", "maps and lists"),
        ('{"a": ' + "[" * 16000 + "}", "JSON"),
        ("row\n", "line 1: expected key=value"),
        ("a=1\na=2\n", "line 2: expected each name once"),
        ("a b=1\n", "line 1: expected names"),
        ("=1\n", "line 1: expected names"),
    ],
)
def test_what_cannot_travel_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidError, match=message):
        parse_facts(text)


@pytest.mark.parametrize("text", ["a=" + "x" * 32768, '{"a": [' + ", ".join(["1"] * 2001) + "]}"])
def test_what_is_too_much_is_refused(text: str) -> None:
    with pytest.raises(TooLargeError, match="tell less"):
        parse_facts(text)


def test_a_reason_shows_nothing_of_a_line() -> None:
    with pytest.raises(InvalidError) as raised:
        parse_facts("hunter2 secret=x\n")
    assert "hunter2" not in str(raised.value)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_an_object_is_read_back(facts: dict[str, object]) -> None:
    assert parse_facts(json.dumps(facts)) == facts


@given(st.text() | st.text(st.sampled_from('{}[]":,=ab1 \n\\ud8'), max_size=200))
def test_any_text_gives_what_can_travel_or_is_refused(text: str) -> None:
    try:
        found = parse_facts(text)
    except VigoError:
        return
    assert decode(encode(found), dict) == found

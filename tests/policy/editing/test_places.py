"""What half-written text belongs to. The places of whole files are tried with the parser as judge, in another file."""

import pytest

from tests.policy.editing.stacks import marked
from vigo.policy.editing.cursor import Path
from vigo.policy.editing.places import cursor_at


@pytest.mark.parametrize(
    ("text", "path", "what"),
    [
        ("¦", (), "key or value"),
        ("con¦", (), "key or value"),
        ("a: 1\n¦", (), "key"),
        ("a: ¦", ("a",), "value"),
        ("a: b¦c", ("a",), "value"),
        ("a:\n  ¦", ("a",), "key or value"),
        ("a:\n  b: 1\n  ¦", ("a",), "key"),
        ("a:\n  b: 1\n  ¦\n  c: 2", ("a",), "key"),
        ("a:\n  b: 1\n¦", (), "key"),
        ("a:\n  b: 1\n  c¦\n  d: 2", ("a",), "key"),
        ("a:\n  - b: 1\n    c¦\n    d: 2", ("a", None), "key"),
        ("a:\n  - b\n    c¦", ("a", None), "value"),
        ("a:\n  - ¦", ("a", None), "key or value"),
        ("a:\n- ¦", ("a", None), "key or value"),
        ("a:\n- b: 1\n  ¦", ("a", None), "key"),
        ("a:\n- b: 1\n¦", (), "key"),
        ("a:\n  -\n    b: 1\n    ¦", ("a", None), "key"),
        ("- - a\n  - ¦", (None, None), "key or value"),
        ("a: {¦", ("a",), "key"),
        ("a: {b¦", ("a",), "key"),
        ("a: {b: ¦", ("a", "b"), "value"),
        ("a: {b: 1, ¦ c: 2}", ("a",), "key"),
        ("a: [b, ¦", ("a", None), "value"),
        ("a: [b, ¦]", ("a", None), "value"),
        ("a: [{b: [¦", ("a", None, "b", None), "value"),
        ("a: [{b: c}, ¦", ("a", None), "value"),
        ("a: {b: {c: 1}, ¦", ("a",), "key"),
        ("a:\n  - {b: 1,\n     ¦}", ("a", None), "key"),
        ("a: [\n  b,\n  ¦\n]", ("a", None), "value"),
        ("a:\n  - {b: 1, c: [x, ¦\n  - {b: 2}", ("a", None, "c", None), "value"),
        ("a:\n  - {b: 1\n  - {b: ¦", ("a", None, "b"), "value"),
        ("a: {b: 'x, ¦", ("a", "b"), "value"),
        ("a: 'it''s ¦'", ("a",), "value"),
        ('a: "x {{ ¦', ("a",), "value"),
        ("a: {{ x ¦ }}", ("a",), "value"),
        ("a: {b: {{ x.¦ }}, c: 1}", ("a", "b"), "value"),
        ("a:\n  b: |\n    text ¦\n  c: 1", ("a", "b"), "value"),
        ("a:\n  b: |\n    c: ¦\n", ("a", "b"), "value"),
        ("a:\n  - >-\n    x\n    ¦", ("a", None), "value"),
        ('a: "x\n  y ¦', ("a",), "value"),
        ("a: b\n  c ¦", ("a",), "value"),
        ("a: &x {b: ¦}", ("a", "b"), "value"),
        ('"a b": ¦', ("a b",), "value"),
        ("a b: ¦", ("a b",), "value"),
        ("url: http://¦", ("url",), "value"),
        ("a: 1\r\nb:\r\n  ¦\r\n", ("b",), "key or value"),
        ("\ta: ¦", (), "key or value"),
    ],
)
def test_a_place_belongs_to_what_its_text_and_indentation_say(text: str, path: Path, what: str) -> None:
    found = cursor_at(*marked(text))
    assert found is not None
    assert found.path == path
    sorts = [name for name, holds in (("key", found.is_key), ("value", found.is_value)) if holds]
    assert " or ".join(sorts) == what


@pytest.mark.parametrize(
    "text", ["# ¦", "a: b # ¦", "a: # ¦", "a: {b: 1, # ¦", "a: [b] # ¦", "a: 'b' ¦", "a: | ¦", "#¦"]
)
def test_nothing_belongs_to_a_comment_or_stands_behind_a_value(text: str) -> None:
    assert cursor_at(*marked(text)) is None


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("a:\n  - b: 1\n    c: ¦\n    d: 'x y'\n  - e: 1", {"b": "1", "c": "", "d": "x y"}),
        ("a:\n- b: 1\n  c: ¦\nf: 1", {"b": "1", "c": ""}),
        ("a:\n  b: 1\n\n  # no: comment\n  c: ¦\n  d:\n    e: 1\n  f: 2 # two", {"b": "1", "c": "", "d": "", "f": "2"}),
        ("a: [{b: 1, c: ¦, d: {e: 1}, 'f': 'g'}]", {"b": "1", "c": "", "d": "}", "f": "g"}),
    ],
)
def test_the_keys_beside_a_place_are_known_above_and_below(text: str, keys: dict[str, str]) -> None:
    found = cursor_at(*marked(text))
    assert found is not None
    assert found.keys(len(found.path) - 1) == keys


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a: b¦c # d", "bc"),
        ("ab¦c: 1", "abc"),
        ("[a, b¦c d, e]", "bc d"),
        ("{a: 'b¦ c'}", "b c"),
        ("a: ¦", ""),
        ("{a: 1, ¦ b: 2}", ""),
    ],
)
def test_a_completion_replaces_the_word_around_the_place(text: str, word: str) -> None:
    found = cursor_at(*marked(text))
    assert found is not None
    assert found.word == word


def test_a_very_large_file_is_answered_from_its_surroundings() -> None:
    text = "a:\n" + "  - {b: 1, c: 'x'}\n" * 200_000 + "  - {b: ¦"
    found = cursor_at(*marked(text))
    assert found is not None
    # So far up the lines are not followed: the path is cut, and no time is lost.
    assert found.path[-2:] == (None, "b")

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.plan import Origin
from vigo.policy.diagnostics import Diagnostic, Findings, SourceLines
from vigo.policy.yaml_tree import MOST_BYTES, Mapping, Node, Scalar, Sequence, UnreadableError, parse_tree


def read(content: str | bytes) -> tuple[Node | None, tuple[Diagnostic, ...]]:
    data = content.encode() if isinstance(content, str) else content
    findings = Findings(SourceLines({"a.vgo": data}))
    try:
        tree = parse_tree("a.vgo", data, findings)
    except UnreadableError:
        assert findings.has_errors
        tree = None
    return tree, findings.diagnostics()


def shape(node: Node | None) -> Any:
    if isinstance(node, Mapping):
        return {key: shape(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [shape(item) for item in node.items]
    return None if node is None else node.text


def only(content: str | bytes) -> tuple[tuple[int, int], str, str]:
    _, (found,) = read(content)
    return (found.line, found.column), found.message, found.hint or ""


def test_every_key_and_value_knows_its_place() -> None:
    tree, _ = read("# note\na: one\nb:\n  - x\n  - {c: 'two'}\n")
    assert isinstance(tree, Mapping)
    assert tree.entries["b"].key.origin == Origin("a.vgo", 3, 1)
    items = tree.get("b")
    assert isinstance(items, Sequence)
    assert items.items[0].origin == Origin("a.vgo", 4, 5)
    inner = items.items[1]
    assert isinstance(inner, Mapping)
    assert inner.entries["c"].value == Scalar("two", Origin("a.vgo", 5, 9), "quoted", 5)


def test_columns_count_characters_and_a_byte_order_mark_does_not_count() -> None:
    tree, _ = read("\ufeffé: {ü: x}\n")
    assert isinstance(tree, Mapping)
    inner = tree.get("é")
    assert isinstance(inner, Mapping)
    assert inner.entries["ü"].value.origin == Origin("a.vgo", 1, 8)


def test_keys_are_text_as_written() -> None:
    tree, found = read("80: a\nno: b\n1.10: c\n")
    assert shape(tree) == {"80": "a", "no": "b", "1.10": "c"}
    assert not found


def test_an_alias_is_the_value_of_its_anchor() -> None:
    tree, found = read("a: &x [1, 2]\nb: *x\n")
    assert shape(tree) == {"a": ["1", "2"], "b": ["1", "2"]}
    assert not found


def test_an_empty_file_has_no_tree_and_no_errors() -> None:
    for text in ("", "# only a comment\n", "---\n"):
        tree, found = read(text)
        assert shape(tree) in (None, "")
        assert not found


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("a: [1\nb: 2\n", (2, 2), "expected ',' or ']', found ':', in what begins at line 1", "close the list"),
        ("a: {b: 1\n", (2, 1), "expected ',' or '}', found the end of the file, in what begins at line 1", "close"),
        ("a: b: c\n", (1, 5), "expected one value on the line, found ':'", "quote a text with ': ' in it"),
        ("a:\n\t- b\n", (2, 1), "expected a value, found a tab", "indent with spaces"),
        ("a: @x\n", (1, 4), "expected a value, found '@'", "quote a text that begins with @"),
        ("a: `x`\n", (1, 4), "expected a value, found '`'", "quote a text that begins with `"),
        ("a: %x\n", (1, 4), "expected a value, found '%'", "quote a text that begins with %"),
        ("a: *\n", (1, 4), "expected a value, found '*' without the name of an anchor", "begins with *"),
        ("a: [*.b]\n", (1, 5), "expected a value, found '*' without the name of an anchor", "begins with *"),
        ("a: &\n", (1, 4), "expected a value, found '&' without the name of an anchor", "begins with &"),
        ("a: &b\n", (1, 4), "expected a value behind the anchor &b, found none", "begins with &"),
        ("a: !\n", (1, 4), "expected a value without a tag, found '!'", "quote a text that begins with !"),
        ("a: [b]-c\n", (1, 7), "expected the line to end behind the list, found '-'", "begins with ["),
        ("a: {b}c\n", (1, 7), "expected the line to end behind the map, found 'c'", "begins with {"),
        ("a: 'x\n", (1, 4), "expected the closing ' in this line, found none", "close the quote"),
        ('a: "x\nb: "y"\n', (1, 4), 'expected the closing " in this line, found none', "close the quote"),
        ("? 'x\n", (2, 1), "expected the closing quote, found the end of the file", "close the quote"),
        ("a: 1\n  b: 2\n", (2, 3), "expected no spaces before this line, as the lines above have, found 2", "indent"),
        ("- a: 1\n   b: 2\n", (2, 4), "expected 2 or no spaces before this line, as the lines above have", "indent"),
        ("b: 1\u2028a: [\n<<<<<<< x\n>>>>>>> y\n", (3, 1), "found the mark of a merge conflict", "remove the lines"),
        ("a: [<<<<<<<\n", (2, 1), "expected ',' or ']', found the end of the file", "close the list"),
        ("a: 1\u2028b: 2\u2028  c: 3\n", (3, 3), "expected no spaces before this line", "indent"),
        ("- a\u2028b: 1\n", (2, 1), "expected '- ' with the indentation of the other items", "indentation"),
        ("a:\n  - b: 1\n    c: 2\n   d: 3\n", (4, 4), "expected 4, 2 or no spaces before this line", "indent"),
        ("a: 1\n<<<<<<< HEAD\nb: 2\n=======\n>>>>>>> x\n", (2, 1), "found the mark of a merge conflict", "remove the"),
        ("- a\nb: 1\n", (2, 1), "expected '- ' with the indentation of the other items, found 'b'", "indentation"),
        ('a: "\\q"\n', (1, 5), "expected an escape that YAML knows", "single quotes"),
        ("a: 1\nb\nc: 2\n", (2, 1), "expected ':' after the key", "quote the text"),
        ("%foo\n", (1, 5), "expected no line that begins with '%'", "quote"),
        ("a: x\x01\n", (1, 5), "expected printable text, found U+0001", "double quotes"),
        ("é: 1\nb: é\x07\n", (2, 5), "expected printable text, found U+0007", "double quotes"),
    ],
)
def test_a_syntax_error_says_where_what_was_expected_and_what_to_do(
    text: str, place: tuple[int, int], message: str, hint: str
) -> None:
    found_place, found, found_hint = only(text)
    assert found_place == place
    assert message in found
    assert hint in found_hint


@pytest.mark.parametrize(
    "text",
    [
        "a: {{ b.c }}\n",
        "a: {{ b.c }}/d\n",
        'a: {{ b["c"] }}\n',
        "a: {{ b | default('c') }}\n",
        "a: {{ b }}{{ c }}\n",
        "a: {% if b %}c{% endif %}\n",
        "a: {{ b\n",
    ],
)
def test_a_template_without_quotes_is_one_error_that_says_to_quote_it(text: str) -> None:
    place, message, hint = only(text)
    assert (place, message) == ((1, 4), "expected a value, found a template without quotes")
    assert "put the whole value into quotes" in hint


def test_what_stands_around_a_template_without_quotes_is_read_as_if_it_had_them() -> None:
    tree, found = read("a: {{ x.y }}\nb: [{{ z }}, 1]\nb: 2\n")
    assert shape(tree) == {"a": "{{ x.y }}", "b": ["{{ z }}", "1"]}
    assert [one.code for one in found] == ["syntax", "syntax", "duplicate-key"]


def test_a_template_in_quotes_is_not_blamed_for_another_mistake() -> None:
    assert only("a: 'b: {{ c }}' d\n")[1].startswith("expected a key")


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", (3, 1), "expected each key once, found 'a' again; it stands at line 1 already"),
        ("a: !!str x\n", (1, 4), "expected a value without a tag"),
        ("a: !!python/object/apply:os.system [x]\n", (1, 4), "expected a value without a tag"),
        ("a: ! x\n", (1, 4), "expected a value without a tag"),
        ("? [a]\n: b\n", (1, 3), "expected a text as key, found a list or map"),
        ("b: &b {x: 1}\na: {<<: *b}\n", (2, 5), "found the merge key"),
        ("--- a\n--- b\n", (2, 1), "expected one document"),
        ("a: *nowhere\n", (1, 4), "expected the name of an anchor that stands before, found *nowhere"),
        ("a: &a [*a]\n", (1, 8), "expected the name of an anchor that stands before"),
        (b"a: 1\nb: \xff\n", (2, 1), "expected UTF-8 text, found the byte 0xff"),
        ("# " + "x" * MOST_BYTES, (1, 1), "expected at most 4 MiB"),
    ],
)
def test_what_is_ambiguous_or_dangerous_is_refused(text: str | bytes, place: tuple[int, int], message: str) -> None:
    found_place, found, _ = only(text)
    assert found_place == place
    assert message in found


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[\n" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "? " * 100_000,
        "".join(" " * depth + "a:\n" for depth in range(1_000)),
    ],
)
def test_deep_nesting_is_refused_at_once(text: str) -> None:
    _, message, _ = only(text)
    assert "expected at most 50 levels" in message


def test_depth_behind_an_alias_counts() -> None:
    deep = "a: &a " + "[" * 40 + "]" * 40 + "\n"
    assert not read(deep + "b: *a\n")[1]
    assert "behind the alias *a" in only(deep + "b: " + "[" * 40 + "*a" + "]" * 40)[1]


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 15)]
    assert "aliases written out" in only("\n".join(lines))[1]


def test_errors_that_leave_a_tree_are_all_found() -> None:
    tree, found = read("a: 1\na: !x 2\nb: !y 3\nc: 4\n")
    assert shape(tree) == {"a": "1", "b": "3", "c": "4"}
    assert [one.code for one in found] == ["duplicate-key", "tag", "tag"]


@given(st.binary(max_size=200))
def test_any_bytes_give_a_tree_or_diagnostics(content: bytes) -> None:
    read(content)


@given(st.text(alphabet="ab:-?[]{},&*!|>'\"%@#\n\t ~<0\x00é\u2028", max_size=60))
def test_any_text_gives_a_tree_or_diagnostics_with_a_place_in_it(text: str) -> None:
    _, found = read(text)
    for one in found:
        assert 1 <= one.line <= len(text) + 1
        assert one.column >= 1

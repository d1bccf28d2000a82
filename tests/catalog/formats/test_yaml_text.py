from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.catalog.formats.pointed_documents import NAMES, VALUES, edited, paths_in, stand_in_order, taken_out
from vigo.catalog.formats.pointers import same, value_at, with_value, without_value
from vigo.catalog.formats.yaml_scalars import OddScalar, plain_value, written_scalar
from vigo.catalog.formats.yaml_text import YamlFormat
from vigo.core.errors import InvalidError

YAML = YamlFormat()
ENTRIES = st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1, max_size=4)
HOSTILE = st.text() | st.text(st.sampled_from("ab:- \n#&*!|>{}[],'\"%?\t0yes~.\ufeff"), max_size=60)


def blocks(entries: dict[str, Any], data: st.DataObject) -> dict[str, str]:
    """Return each entry as YAML of some style, under a comment of its own."""
    found = {}
    for number, (name, value) in enumerate(entries.items()):
        written = yaml.safe_dump(
            {name: value},
            default_flow_style=data.draw(st.sampled_from([False, None])) if isinstance(value, dict | list) else False,
            indent=data.draw(st.sampled_from([2, 4])),
            allow_unicode=True,
            width=1000,
        )
        found[name] = f"# about {number}\n{written}"
    return found


@given(ENTRIES, st.data())
def test_a_value_that_was_set_is_there_and_all_else_byte_for_byte(entries: dict[str, Any], data: st.DataObject) -> None:
    written = blocks(entries, data)
    text = "".join(written.values())
    document = YAML.read(text)
    path = data.draw(st.sampled_from([path for path in paths_in(document) if path]))
    after = edited(YAML, text, path, data.draw(VALUES))
    if after is not None:
        assert stand_in_order([block for name, block in written.items() if name != path[0]], after)
        assert yaml.safe_load(after).keys() >= {key for key in yaml.safe_load(text) if str(key) != path[0]}


@given(ENTRIES, st.data())
def test_a_key_that_was_taken_out_is_gone_and_all_else_byte_for_byte(
    entries: dict[str, Any], data: st.DataObject
) -> None:
    written = blocks(entries, data)
    text = "".join(written.values())
    name = data.draw(st.sampled_from(list(entries)))
    after = taken_out(YAML, text, (name,))
    if after is not None and len(entries) > 1:
        others = [block.rstrip("\n") for other, block in written.items() if other != name]
        assert stand_in_order(others, after)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(st.sampled_from("xyz"), min_size=1), min_size=1))
def test_plain_settings_are_never_refused(entries: dict[str, str]) -> None:
    text = "".join(f"{name}: {value}  # {name}\n" for name, value in entries.items())
    for name in (*entries, "new"):
        after = edited(YAML, text, (name,), "changed")
        assert after is not None
        assert all(f"# {one}\n" in after for one in entries)
        assert taken_out(YAML, text, (name,)) is not None


@given(HOSTILE, st.sampled_from([(), ("a",), ("a", "0"), ("0",), ("a", "b")]), VALUES)
def test_any_text_is_edited_rightly_or_refused(text: str, path: tuple[str, ...], value: object) -> None:
    edited(YAML, text, path, value)
    taken_out(YAML, text, path)


@given(VALUES)
def test_a_packed_value_is_unpacked_to_itself_and_read_so_by_the_library(value: object) -> None:
    packed = YAML.packed(value)
    assert same(YAML.unpacked(packed), value)
    assert same(yaml.safe_load(packed), value)


@given(st.text())
def test_a_text_is_written_so_that_it_is_read_as_that_text(text: str) -> None:
    try:
        written = written_scalar(text)
    except InvalidError:
        return
    assert yaml.safe_load(f"a: {written}\n") == {"a": text}
    assert YAML.read(f"a: {written}\n") == {"a": text}


@pytest.mark.parametrize("text", ["yes", "No", "0755", "1:30", "2024-01-31", "0o17", "1_000", "<<"])
def test_what_versions_of_yaml_read_differently_is_no_value(text: str) -> None:
    assert isinstance(plain_value(text), OddScalar)
    assert written_scalar(text) == f'"{text}"'


@pytest.mark.parametrize(
    ("text", "path", "value", "after"),
    [
        ("a: 1 # one\nb: 2\n", ("a",), 3, "a: 3 # one\nb: 2\n"),
        ("a:\n  b: 1\n# end\n", ("a", "c"), [1, 2], "a:\n  b: 1\n  c:\n    - 1\n    - 2\n# end\n"),
        ("a: {b: 1}\n", ("a", "c"), {"d": 2}, "a: {b: 1, c: {d: 2}}\n"),
        ("a: 'x'\n", ("a",), "y z", "a: 'y z'\n"),
        ("- a\n- b\n", ("2",), "c", "- a\n- b\n- c\n"),
        ("a:\nb: 1\n", ("a",), "x", "a: x\nb: 1\n"),
        ("a: |\n  text\n  more\nb: 1\n", ("a",), "x", "a: x\nb: 1\n"),
        ("", ("a", "b"), True, "a:\n  b: true\n"),
        ("# only comments\n", ("a",), 1, "# only comments\na: 1\n"),
        ("---\na: 1\n", ("b",), "yes", '---\na: 1\nb: "yes"\n'),
    ],
)
def test_a_new_value_is_laid_out_as_its_neighbours(text: str, path: tuple[str, ...], value: Any, after: str) -> None:
    assert with_value(YAML, text, path, value) == after


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("base: &b {x: 1}\na: *b\n", ("base", "x"), "an anchor, an alias"),
        ("base: &b 1\na: *b\n", ("a",), "alias"),
        ("a: 1\n---\nb: 2\n", ("a",), "several"),
        ("a: 1\na: 2\n", ("a",), "again in line 2"),
        ("a: [\n", ("a",), "expected YAML"),
        ("a: !!python/object/apply:os.system [x]\n", ("a", "0"), "expected a map or list"),
        ("\ta: 1\n", ("a",), "expected YAML"),
    ],
)
def test_what_cannot_be_edited_alone_is_refused(text: str, path: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidError, match=message):
        with_value(YAML, text, path, 7)


def test_aliases_that_would_fill_the_memory_are_refused() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{name}: &{name} [{', '.join([f'*{former}'] * 9)}]"
        for former, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    with pytest.raises(InvalidError, match="without end"):
        YAML.read("\n".join(lines))


def test_the_last_key_of_a_map_leaves_an_empty_map() -> None:
    assert without_value(YAML, "a:\n  b: 1\nc: 2\n", ("a", "b")) == "a: {}\nc: 2\n"


def test_a_value_that_readers_disagree_on_equals_none_and_can_be_replaced() -> None:
    assert value_at(YAML.read("a: yes\n"), ("a",)) == OddScalar("yes")
    assert with_value(YAML, "a: yes\n", ("a",), "yes") == 'a: "yes"\n'

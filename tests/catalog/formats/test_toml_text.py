import tomllib
from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from tests.catalog.formats.pointed_documents import VALUES, edited, paths_in, stand_in_order, taken_out
from vigo.catalog.formats.pointers import same, with_value, without_value
from vigo.catalog.formats.toml_text import TomlFormat
from vigo.core.errors import InvalidError

TOML = TomlFormat()
PLAIN = st.booleans() | st.integers(-1000, 1000) | st.sampled_from(["", "x", "a = b", "# no", "é"])
SECTIONS = st.dictionaries(
    st.sampled_from(["main", "log", "with.dot", "x y"]),
    st.dictionaries(st.sampled_from(["a", "b", "c d"]), PLAIN | st.lists(PLAIN, max_size=3), min_size=1, max_size=3),
    min_size=1,
    max_size=3,
)
HOSTILE = st.text() | st.text(st.sampled_from("ab=[]{}.\"'#\n,0123 tru-:T"), max_size=60)


def blocks(sections: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return each section as TOML, under a comment of its own."""
    return {
        name: f"# about {number}\n" + tomlkit.dumps({name: section})
        for number, (name, section) in enumerate(sections.items())
    }


@given(SECTIONS, st.data())
def test_a_value_that_was_set_is_there_and_other_sections_stay_byte_for_byte(
    sections: dict[str, dict[str, Any]], data: st.DataObject
) -> None:
    written = blocks(sections)
    text = "".join(written.values())
    path = data.draw(st.sampled_from([path for path in paths_in(sections) if path]))
    after = edited(TOML, text, path, data.draw(VALUES))
    if after is not None:
        others = [line for name, block in written.items() if name != path[0] for line in block.splitlines()]
        assert stand_in_order(others, after)
        assert tomllib.loads(after)


@given(SECTIONS, st.data())
def test_a_key_that_was_taken_out_is_gone_and_other_sections_stay(
    sections: dict[str, dict[str, Any]], data: st.DataObject
) -> None:
    written = blocks(sections)
    text = "".join(written.values())
    name = data.draw(st.sampled_from(list(sections)))
    key = data.draw(st.sampled_from(list(sections[name])))
    after = taken_out(TOML, text, (name, key))
    if after is not None:
        assert stand_in_order([block.rstrip("\n") for other, block in written.items() if other != name], after)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(), min_size=1))
def test_plain_settings_are_never_refused(entries: dict[str, int]) -> None:
    text = "".join(f"{name} = {value} # {name}\n" for name, value in entries.items() if abs(value) < 2**62)
    for name in ("a", "b", "c", "new"):
        after = edited(TOML, text, (name,), "changed")
        assert after is not None
        assert taken_out(TOML, text, (name,)) is not None


@given(HOSTILE, st.sampled_from([("a",), ("a", "0"), ("a", "b"), ()]), VALUES)
def test_any_text_is_edited_rightly_or_refused(text: str, path: tuple[str, ...], value: object) -> None:
    edited(TOML, text, path, value)
    taken_out(TOML, text, path)


@given(VALUES)
def test_a_packed_value_is_unpacked_to_itself(value: object) -> None:
    assert same(TOML.unpacked(TOML.packed(value)), value)


@pytest.mark.parametrize(
    ("text", "path", "value", "after"),
    [
        ("a = 1 # one\n", ("a",), 2, "a = 2 # one\n"),
        ("[s]\na = 1\n\n[t]\nb = 2\n", ("s", "c"), "x", '[s]\na = 1\nc = "x"\n\n[t]\nb = 2\n'),
        ("a = {b = 1}\n", ("a", "b"), 2, "a = {b = 2}\n"),
        ("a = [1, 2]\n", ("a", "2"), 3, "a = [1, 2, 3]\n"),
        ("when = 2024-01-31T10:00:00Z\na = 1\n", ("a",), 2, "when = 2024-01-31T10:00:00Z\na = 2\n"),
        ("", ("a",), True, "a = true\n"),
        ("", ("s", "a"), 1, "[s]\na = 1\n"),
    ],
)
def test_a_new_value_is_laid_out_as_its_neighbours(text: str, path: tuple[str, ...], value: Any, after: str) -> None:
    assert with_value(TOML, text, path, value) == after


@pytest.mark.parametrize("text", ["a = ", "a = 1\na = 2\n", "[a\n", "a = 1 b = 2\n"])
def test_what_is_no_toml_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="expected TOML"):
        TOML.read(text)


@pytest.mark.parametrize("value", [None, [None], {"a": None}, 2**63])
def test_what_toml_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(InvalidError, match="value: expected"):
        TOML.check(value)


def test_a_section_whose_last_key_goes_stays() -> None:
    assert tomllib.loads(without_value(TOML, "[a.b]\nx = 1\n", ("a", "b", "x"))) == {"a": {"b": {}}}

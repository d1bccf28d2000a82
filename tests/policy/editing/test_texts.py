from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.policy.editing.texts import Position, Text, Units

# All that ends a line for an editor, for the compiler or for Python, and characters of every width.
WRITTEN = st.text(st.sampled_from("a \n\r\x0b\x0c\x1c\x85\u2028\u00e9\u20ac\U0001f600"))


@pytest.mark.parametrize(("units", "column"), [("utf-8", 6), ("utf-16", 4), ("utf-32", 3)])
def test_a_column_counts_in_the_units_of_the_editor(units: Units, column: int) -> None:
    text = Text("x\n\U0001f600é: y")
    # In UTF-8 the face takes 4 bytes and the letter 2, in UTF-16 the face takes two units.
    assert text.position(4, units) == Position(1, {"utf-8": 6, "utf-16": 3, "utf-32": 2}[units])
    assert text.offset(Position(1, column), units) == {"utf-8": 4, "utf-16": 5, "utf-32": 5}[units]


def test_a_place_inside_of_a_character_is_the_one_before_it() -> None:
    assert Text("a\U0001f600b").offset(Position(0, 2), "utf-16") == 1


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_line_ends_where_the_protocol_says(ending: str) -> None:
    text = Text(f"a\x0bb\x85c{ending}d")
    assert text.position(len(text.content)) == Position(1, 1)
    assert text.offset(Position(1, 0)) == len(text.content) - 1


def test_a_place_outside_is_the_nearest_inside() -> None:
    text = Text("ab\ncd")
    assert text.offset(Position(0, 99)) == 2
    assert text.offset(Position(99, 0)) == 5
    assert text.offset(Position(-1, -1)) == 0
    assert text.position(99) == Position(1, 2)
    assert text.place(99, 1) == 5
    assert text.place(1, 99) == 3


def test_a_place_of_the_compiler_counts_lines_as_yaml_does_and_no_byte_order_mark() -> None:
    text = Text("\ufeffa: 1\x85b: 2\u2028c: 3\n")
    assert text.content[text.place(1, 1)] == "a"
    assert text.content[text.place(2, 1)] == "b"
    assert text.content[text.place(3, 4)] == "3"
    assert text.position(text.place(3, 4)).line == 0


@given(WRITTEN, st.sampled_from(get_args(Units)), st.data())
def test_a_place_survives_the_way_to_the_editor_and_back(content: str, units: Units, data: st.DataObject) -> None:
    text = Text(content)
    offset = data.draw(st.integers(0, len(content)))
    inside = content[offset - 1 : offset + 1] == "\r\n"
    assert text.offset(text.position(offset, units), units) == offset - inside

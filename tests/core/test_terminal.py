import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.terminal import print_line, visible

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


@given(st.text())
def test_no_control_character_reaches_the_terminal(text: str) -> None:
    shown = visible(text)
    assert not set(shown) & {*BIDI, *map(chr, range(9)), *map(chr, range(10, 32)), *map(chr, range(127, 160))}


def test_what_is_written_out_can_be_read() -> None:
    assert visible("a\x1b[2Jb\nc\u202ed\te") == "a\\x1b[2Jb\\nc\\u202ed\te"


def test_a_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("a\r\nb", colour="red")
    assert capsys.readouterr().out == "a\\r\\nb\n"

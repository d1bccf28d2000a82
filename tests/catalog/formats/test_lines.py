import re

from hypothesis import example, given
from hypothesis import strategies as st

from vigo.catalog.formats.lines import Region, with_line, without_lines

TEXTS = st.text("ab\r\n#\udcff\x0b\u2028", max_size=60)
LINES = st.text("ab#", max_size=4)


@given(TEXTS, LINES)
@example("a\r\na\r", "")
def test_a_line_that_was_put_in_is_there_and_all_else_stays(text: str, line: str) -> None:
    there = line in _bare(text)
    assert _bare(with_line(text, line, None, "end", Region())) == [*_bare(text), *([] if there else [line])]
    assert _bare(with_line(text, line, None, "start", Region())) == [*([] if there else [line]), *_bare(text)]


@given(TEXTS, LINES)
def test_putting_a_line_in_again_changes_nothing(text: str, line: str) -> None:
    edited = with_line(text, line, None, "end", Region())
    assert with_line(edited, line, None, "end", Region()) == edited


@given(TEXTS, LINES)
def test_a_line_that_was_taken_out_is_gone_and_the_others_stay_in_order(text: str, line: str) -> None:
    edited = without_lines(text, line, None, Region())
    kept = [part for part in re.split(r"(?<=\n)", text) if part and part.removesuffix("\n").removesuffix("\r") != line]
    assert edited == "".join(kept)


def test_only_a_line_feed_ends_a_line() -> None:
    assert without_lines("a\x0bb\nb\n", "b", None, Region()) == "a\x0bb\n"


def _bare(text: str) -> list[str]:
    return [part.removesuffix("\r") for part in text.removesuffix("\n").split("\n")] if text else []

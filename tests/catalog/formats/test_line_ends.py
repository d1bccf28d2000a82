from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.line_ends import with_ends_kept


def test_a_file_of_windows_keeps_its_ends_and_a_mixed_one_both() -> None:
    assert with_ends_kept("a\r\nb\r\n", lambda text: text + "c\n") == "a\r\nb\r\nc\r\n"
    assert with_ends_kept("a\r\nb\n", lambda text: text + "c\n") == "a\r\nb\nc\n"
    assert with_ends_kept("", lambda text: text + "c\n") == "c\n"


@given(st.text(st.sampled_from("ab\r\n")))
def test_an_edit_of_nothing_changes_nothing(text: str) -> None:
    assert with_ends_kept(text, lambda same: same) == text

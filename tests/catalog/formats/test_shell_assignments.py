from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.shell_assignments import assigned_value, with_value

VALUES = st.from_regex(r"[A-Za-z0-9_./@-]{1,12}", fullmatch=True)
TEXTS = st.text() | st.lists(
    st.sampled_from(["LANG=C", '  LANG="a b" # x', "export LANG='c'", "#LANG=d", "LANGUAGE=e", "LANG=", 'LANG="f', ""])
).map("\n".join)


@given(TEXTS, VALUES)
def test_a_value_that_is_set_is_read_back_and_the_other_lines_stay(text: str, value: str) -> None:
    after = with_value(text, "LANG", value)
    assert assigned_value(after, "LANG") == value
    assert with_value(after, "LANG", value) == after
    assert assigned_value(after, "LANGUAGE") == assigned_value(text, "LANGUAGE")
    before, now = text.split("\n"), after.split("\n")
    changed = [line for line, other in zip(before, now, strict=False) if line != other]
    assert len(changed) <= 1
    assert len(now) - len(before) in (0, 1, 2)


def test_quotes_and_comments_are_resolved() -> None:
    assert assigned_value('A=1\nA="2 3" # no\n', "A") == "2 3"
    assert assigned_value("export A='x'\n", "A") == "x"
    assert assigned_value("A=b # c\n", "A") == "b"
    assert assigned_value("#A=b\n", "A") is None


def test_a_line_keeps_its_quotes_and_its_place() -> None:
    assert with_value("A='x'\nB=1", "A", "y") == "A='y'\nB=1"
    assert with_value("B=1", "A", "y") == "B=1\nA=y\n"

import configparser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.ini import has_value, values_of, with_option, without_option
from vigo.core.errors import InvalidError

TEXTS = st.text(st.sampled_from("[]ab=: ;#\n\t\"'\\"))
SECTIONS = st.sampled_from([None, "a", "b c"])
VALUES = st.from_regex(r"[a-z0-9][a-z0-9 ]{0,8}[a-z0-9]|[a-z]|", fullmatch=True)


@given(TEXTS, SECTIONS, st.sampled_from(["a", "b.c"]), VALUES)
def test_an_option_that_was_set_is_found_once_and_stays(
    text: str, section: str | None, option: str, value: str
) -> None:
    try:
        after = with_option(text, section, option, value)
    except InvalidError:
        return
    assert has_value(after, section, option, value)
    assert with_option(after, section, option, value) == after
    assert values_of(without_option(after, section, option), section, option) == ()


@given(st.text(), SECTIONS, st.text(max_size=5))
def test_any_text_is_read(text: str, section: str | None, option: str) -> None:
    values_of(text, section, option)
    without_option(text, section, option)


def test_comments_layout_and_neighbours_stay() -> None:
    text = "# head\nname = x\n\n[one]\n; port\nport: 80  ; old\nother=1\n\n[two]\nport=2\n"
    assert with_option(text, "one", "port", "81") == text.replace("80", "81")
    assert with_option(text, None, "name", "y") == text.replace("name = x", "name = y")
    assert with_option(text, "one", "new", "3").splitlines()[7] == "new=3"
    assert without_option(text, "two", "port").endswith("[two]\n")


@pytest.mark.parametrize("value", ["80", "a b", ""])
def test_another_parser_reads_the_value(value: str) -> None:
    parser = configparser.ConfigParser()
    parser.read_string(with_option("[one]\nx = 1\n", "two", "port", value))
    assert (parser["one"]["x"], parser["two"]["port"]) == ("1", value)

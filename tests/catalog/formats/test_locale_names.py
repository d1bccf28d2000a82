from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.locale_names import charset_of, is_locale, normal_locale, with_generated

NAMES = st.from_regex(r"[a-z]{2}_[A-Z]{2}(\.UTF-8|\.ISO-8859-15)?(@euro)?", fullmatch=True)
LISTS = st.text() | st.lists(
    st.sampled_from(["# de_DE.UTF-8 UTF-8", "#en_US.UTF-8 UTF-8  ", "de_DE ISO-8859-1", "# text", ""])
).map("\n".join)


@given(LISTS, NAMES)
def test_a_locale_that_is_listed_is_found_and_the_other_lines_stay(text: str, name: str) -> None:
    after = with_generated(text, name, "UTF-8")
    assert charset_of(name, after) is not None
    assert with_generated(after, name, "UTF-8") == after
    gone = [line for line in text.split("\n") if line not in after.split("\n")]
    assert all(line.lstrip("# \t").split() == [name, "UTF-8"] for line in gone)


@given(st.text())
def test_any_text_is_judged_without_an_error(text: str) -> None:
    assert isinstance(normal_locale(text), str)
    assert not is_locale(text) or not set(text) & set(" \t\n'\"$;-") - {"-"}


def test_a_charset_is_one_however_it_is_written() -> None:
    assert normal_locale("de_DE.UTF-8") == normal_locale("de_DE.utf8")
    assert normal_locale("de_DE.UTF-8") != normal_locale("de_DE")
    assert normal_locale("C.UTF-8") == normal_locale("C.utf8")


def test_what_is_listed_already_is_left_alone_and_a_comment_gives_way() -> None:
    assert with_generated("de_DE.UTF-8 UTF-8  \n", "de_DE.UTF-8", "UTF-8") == "de_DE.UTF-8 UTF-8  \n"
    assert with_generated("# de_DE.UTF-8 UTF-8\n#x\n", "de_DE.UTF-8", "UTF-8") == "de_DE.UTF-8 UTF-8\n#x\n"

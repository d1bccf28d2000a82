import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.names import (
    check_account,
    check_account_or_id,
    check_one_line,
    check_package,
    check_path,
    check_unit,
)
from vigo.core.errors import InvalidError

CHECKS = (check_account, check_account_or_id, check_package, check_unit)


@given(st.text())
def test_an_accepted_name_is_one_word_and_no_option(text: str) -> None:
    for check in CHECKS:
        try:
            check("field", text)
        except InvalidError:
            continue
        assert text
        assert not text.startswith("-")
        assert not set(text) & set(" \t\n\0/;|&'\"`*?")


@given(st.text() | st.text("/.a\n\0", max_size=12))
def test_an_accepted_path_is_absolute_and_normalised(text: str) -> None:
    try:
        check_path("path", text)
    except InvalidError:
        return
    assert text.startswith("/")
    assert not {"", ".", ".."} & set(text.split("/")[1:]) or text == "/"
    assert not set(text) & set("\n\0")


@pytest.mark.parametrize(
    "path", ["", "a", "/a/", "//a", "/a/../b", "/./a", "/a\n", "/a\0b", "/" + "a" * 4095, "/\x1b[2J"]
)
def test_a_path_that_is_not_what_it_seems_is_refused(path: str) -> None:
    with pytest.raises(InvalidError, match="absolute path"):
        check_path("path", path)


@pytest.mark.parametrize("name", ["-r", "a b", "a\n", "", "a:b", "../a", "a" * 33, "\uff41", "1a"])
def test_a_name_that_no_account_has_is_refused(name: str) -> None:
    with pytest.raises(InvalidError, match="expected a name"):
        check_account("user", name)


@given(st.text())
def test_an_accepted_line_has_no_end_in_it(text: str) -> None:
    try:
        check_one_line("line", text)
    except InvalidError:
        return
    assert not set(text) & set("\n\r\0\x1b")

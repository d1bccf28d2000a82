import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.replacements import check_replacement, count_in, replaced, search_for
from vigo.core.errors import InvalidError

TEXTS = st.text(st.sampled_from("ab=1\n"))


@given(TEXTS)
def test_every_match_is_replaced_as_the_usual_library_does(text: str) -> None:
    search = search_for("(a+)=1")
    check_replacement(search, r"\1=2")
    assert replaced(text, search, r"\1=2") == re.sub("(a+)=1", r"\1=2", text)
    assert count_in(text, search) == len(re.findall("a+=1", text))
    assert count_in(replaced(text, search, r"\1=2"), search) == 0


@given(st.text(max_size=20))
def test_any_expression_is_taken_or_refused(expression: str) -> None:
    try:
        search_for(expression)
    except InvalidError as error:
        assert "pattern" in str(error)  # noqa: PT017 - some are fine


@pytest.mark.parametrize("expression", ["(", "(a+)+$", "(?=a)b"])
def test_what_is_slow_or_none_is_refused(expression: str) -> None:
    with pytest.raises(InvalidError):
        search_for(expression)


def test_a_group_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidError, match="with: "):
        check_replacement(search_for("a"), r"\1")

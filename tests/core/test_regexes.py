import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.core.errors import InvalidError
from vigo.core.hostnames import check_pattern, matches
from vigo.core.regexes import check_speed

QUICK = [
    "^edge[0-9]+$",
    r"^web-\d+\.(eu|us)\.example\.com$",
    r"([a-z0-9-]+\.)+example\.com",
    r"(?:\.[a-z]+)*",
    r"[a-z]+[0-9]+\.[a-z]+\.[a-z]+\.[a-z]+\.com",
    r"[^.]+\.[^.]+\.[^.]+\.[^.]+\.[^.]+",
    r".*\.prod\..*",
    r"(web|db|cache)-[0-9]{1,3}",
    r"(web|db)*",
    r"\w+-\d+",
    r"host[^0-9]x?y?z?",
    "(a{2}){3}",
    "",
    "a|b|c",
    r"^(?:prod|test)-(?:a|b)(?:-\d+)?$",
]
SLOW = [
    ("(a+)+$", "a repeat inside a repeat"),
    ("(a|aa)+$", "alternatives that begin with different characters"),
    ("(a|a?)+$", "alternatives that begin with different characters"),
    ("(.*a){20}", "a repeat inside a repeat"),
    ("a*a*a*a*a*a*b", "at most 3 repeats"),
    (r".*\..*\..*\..*\..*", "`[^.]*`"),
    ("(?=(a+)+b)a*", "no look-ahead"),
    (r"(a)\1", "back-reference"),
    ("([a-z]+[0-9]*)*", "a repeat inside a repeat"),
    ("((a*)b?)*", "a repeat inside a repeat"),
    ("(x(a|b*))+", "alternatives that begin with different characters"),
]


@pytest.mark.parametrize("expression", QUICK)
def test_what_fleets_write_is_accepted(expression: str) -> None:
    check_speed(expression)
    check_pattern("~" + expression)


@pytest.mark.parametrize(("expression", "told"), SLOW)
def test_what_would_try_everything_is_refused_with_what_to_write(expression: str, told: str) -> None:
    with pytest.raises(InvalidError, match=re.escape(told)):
        check_pattern("~" + expression)
    with pytest.raises(InvalidError):
        matches("~" + expression, "a")


PIECES = st.sampled_from(
    ["a", "b", ".", r"\.", "[ab]", "[^b]", "\\d", "a*", ".+", "[a-c]*", "(", ")", "|", "?", "*", "+", "{2,}"]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_what_is_accepted_ends_with_the_longest_hostname(expression: str) -> None:
    try:
        check_pattern("~" + expression)
    except InvalidError:
        return
    for name in ("a" * 252 + "!", "ab" * 126 + "!", "a." * 126 + "!"):
        assert re.compile(expression).fullmatch(name) is None or expression

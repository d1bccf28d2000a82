import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.web_answers import (
    MAX_PATTERN,
    ExpectedAnswer,
    WebAnswer,
    check_headers,
    check_pattern,
    unmet,
)
from vigo.core.errors import InvalidError

CANARY = "hunter2"
WITH_HEADER = ExpectedAnswer(status=(200,), headers={"A": "b"})


def search(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None


@pytest.mark.parametrize(
    ("expected", "answer", "says"),
    [
        (ExpectedAnswer(status=(200,)), WebAnswer(status=200), ""),
        (ExpectedAnswer(status=(200, 204)), WebAnswer(status=204), ""),
        (ExpectedAnswer(status=(200,)), WebAnswer(status=404), "expected status 200, found 404"),
        (ExpectedAnswer(status=(200,), body="^a$"), WebAnswer(status=200, body="a"), ""),
        (ExpectedAnswer(status=(200,), body="b"), WebAnswer(status=200, body="a"), "nowhere in 1 characters"),
        (ExpectedAnswer(status=(200,), body="b"), WebAnswer(status=200, body="a", is_cut=True), "the body goes on"),
        (WITH_HEADER, WebAnswer(status=200, headers=[("a", "b")]), ""),
        (WITH_HEADER, WebAnswer(status=200, headers=[("a", "c"), ("A", "b")]), ""),
        (WITH_HEADER, WebAnswer(status=200, headers=[("a", "c")]), "another value"),
        (WITH_HEADER, WebAnswer(status=200), "found none"),
    ],
)  # fmt: skip
def test_an_answer_is_as_expected_or_says_what_is_not(expected: ExpectedAnswer, answer: WebAnswer, says: str) -> None:
    found = unmet(expected, answer, search)
    assert (found == "") is (says == "")
    assert says in found


@given(st.integers(100, 599), st.lists(st.tuples(st.just("X-A"), st.just(CANARY))), st.just(CANARY), st.booleans())
def test_nothing_that_a_server_wrote_is_ever_told(
    status: int,
    headers: list[tuple[str, str]],
    body: str,
    is_cut: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    expected = ExpectedAnswer(status=(200,), body="^$", headers={"X-A": "^$"})
    found = unmet(expected, WebAnswer(status=status, headers=headers, body=body, is_cut=is_cut), search)
    assert found
    assert CANARY not in found


@pytest.mark.parametrize(
    "pattern", ["(", "[", "*", "(?P<a", "a{99999999999}", "(?<=a*)", "(" * 1000, "a" * (MAX_PATTERN + 1)]
)
def test_what_is_no_regular_expression_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidError, match=r"^expect: expected "):
        check_pattern("expect", pattern)


@given(st.text())
def test_any_text_is_a_regular_expression_or_refused(pattern: str) -> None:
    try:
        check_pattern("expect", pattern)
    except InvalidError:
        return
    re.compile(pattern)


@given(st.dictionaries(st.text(max_size=4) | st.just("Host"), st.text(max_size=9), max_size=3))
def test_headers_that_are_sent_are_lines_of_their_own_or_refused(headers: dict[str, str]) -> None:
    try:
        check_headers("headers", headers, are_sent=True)
    except InvalidError:
        return
    for name, value in headers.items():
        assert len(f"{name}: {value}".splitlines()) == 1
        assert ":" not in name
        assert f"{name}: {value}".isascii()


def test_the_value_of_a_header_is_never_shown() -> None:
    for headers in (
        {"A": f"{CANARY}\r\nB: c"},
        {"Content-Length": CANARY},
        {"A": CANARY * 10_000},
        {"A": f"é{CANARY}"},
    ):
        with pytest.raises(InvalidError) as caught:
            check_headers("headers", headers, are_sent=True)
        assert CANARY not in str(caught.value)

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.custom_answers import MOST_BYTES, CustomAnswer, parse_answer, question
from vigo.core.errors import InvalidError

JSON = st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists, max_leaves=5)


@given(st.dictionaries(st.text(), JSON), st.booleans())
def test_a_question_is_one_line_of_json(params: dict[str, object], dry_run: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    text = question("license", "present", params, dry_run=dry_run)
    assert text.count("\n") == 1
    assert msgspec.json.decode(text) == {"name": "license", "state": "present", "params": params, "dry_run": dry_run}


def test_an_answer_may_say_more_than_is_known() -> None:
    assert parse_answer('{"changed": true, "action": "x", "more": [1]}') == CustomAnswer(changed=True, action="x")


@given(st.text())
def test_any_text_is_an_answer_or_refused(text: str) -> None:
    try:
        parse_answer(text)
    except InvalidError as error:
        assert "expected one JSON object" in str(error)  # noqa: PT017 - any text may be one


def test_a_long_answer_is_refused() -> None:
    with pytest.raises(InvalidError, match="at most"):
        parse_answer(" " * (MOST_BYTES + 1))

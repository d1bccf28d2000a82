import base64
import html
import json
import logging
import shlex
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.agent.engine.concealing import CONCEALED, LEAST_CHARACTERS, Concealer, logs_concealed

VALUE = "pa$s'w\"ord/+ü&7"


def forms(value: str) -> dict[str, str]:
    data = value.encode()
    return {
        "plain": value,
        "base64": base64.b64encode(data).decode(),
        "base64 of a longer text": base64.b64encode(b"u:" + data + b":m").decode(),
        "base64 for URLs": base64.urlsafe_b64encode(b"u:" + data).decode(),
        "hexadecimal": data.hex(),
        "URL": urllib.parse.quote(value, safe=""),
        "form": urllib.parse.quote_plus(value),
        "JSON": json.dumps(value),
        "JSON with letters": json.dumps(value, ensure_ascii=False),
        "HTML": html.escape(value),
        "shell": shlex.quote(value),
        "Python": repr(value),
    }


@pytest.mark.parametrize("form", forms(VALUE))
def test_every_form_is_found(form: str) -> None:
    text = f"before {forms(VALUE)[form]} after"
    shown = Concealer({"a": VALUE}).concealed(text)
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert CONCEALED in shown
    clear = forms(VALUE)[form]
    assert all(clear[start : start + 8] not in shown for start in range(len(clear) - 7))


@given(st.text(min_size=12, max_size=60), st.text(max_size=30), st.text(max_size=30), st.data())
def test_a_part_of_eight_characters_gives_it_away_too(value: str, before: str, after: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(value) - 8))
    end = data.draw(st.integers(start + 8, len(value)))
    part = value[start:end]
    shown = Concealer({"a": value}).concealed(before + part + after)
    if len(set(part[:8])) >= 4 and "\n" not in value and "\r" not in value:
        assert part[:8] not in shown or part[:8] in before + after + CONCEALED * 2


@given(st.text(max_size=200))
def test_a_text_without_anything_of_it_stays_as_it_is(text: str) -> None:
    value = "Q7#kZ!9vR@2m"
    if "Q7#kZ!9v" not in text:
        assert Concealer({"a": value}).concealed(text) == text


def test_lines_of_a_value_are_found_alone() -> None:
    concealer = Concealer({"key": "-----BEGIN-----\nMIIEpAIBAAKC\nAQEA1c7\n-----END-----\n"})
    assert concealer.concealed("line AQEA1c7 was wrong") == f"line {CONCEALED} was wrong"


def test_a_value_of_a_few_characters_is_not_looked_for() -> None:
    short = "a" * (LEAST_CHARACTERS - 1)
    assert Concealer({"a": short}).concealed("banana aaa") == "banana aaa"


def test_a_value_of_one_character_repeated_is_found_as_a_whole_alone() -> None:
    concealer = Concealer({"a": "=" * 12})
    assert concealer.concealed("========") == "========"
    assert concealer.concealed("=" * 12) == CONCEALED


def test_what_is_logged_meanwhile_is_concealed_traces_too(caplog: pytest.LogCaptureFixture) -> None:
    concealer = Concealer({"a": "hunter2hunter3"})
    stream = logging.StreamHandler()
    root = logging.getLogger()
    root.addHandler(stream)
    records: list[str] = []
    stream.emit = lambda record: records.append(f"{record.getMessage()} {record.exc_text} {record.exc_info}")  # type: ignore[method-assign]
    log = logging.getLogger("test")
    try:
        with logs_concealed(lambda: concealer):
            log.warning("it says %s", "hunter2hunter3")
            try:
                int("hunter2hunter3")
            except ValueError:
                log.exception("fault")
        log.warning("clear %s", "hunter2hunter3")
    finally:
        root.removeHandler(stream)
    assert [("hunter2" in one) for one in records] == [False, False, True]
    assert "ValueError" in records[1]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.runit_status import parse_status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("run: /etc/service/x: (pid 7) 3s; run: log: (pid 8) 3s\n", "run"),
        ("down: x: 5s, normally up\n", "down"),
        ("finish: x: (pid 9) 1s\n", "finish"),
        ("warning: x: unable to open supervise/ok: file does not exist\n", "not supervised"),
        ("fail: x: runsv not running\n", "not supervised"),
        ("fail: x: unable to open supervise/ok: access denied\n", None),
        ("", None),
        ("usage\n", None),
    ],
)
def test_an_answer_of_sv_is_read(text: str, status: str | None) -> None:
    assert parse_status(text) == status


@given(st.text())
def test_any_answer_is_a_state_or_none(text: str) -> None:
    assert parse_status(text) in ("run", "down", "finish", "not supervised", None)

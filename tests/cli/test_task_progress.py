"""How a task is shown as it goes on."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from vigo.cli.terminal.task_progress import answers, print_answers, show
from vigo.core.errors import UnavailableError


def told(*events: dict[str, Any]) -> Iterator[Any]:
    yield from events


def output(host: str, text: str) -> dict[str, Any]:
    return {"event": "output", "hostname": host, "text": text}


def state(host: str, name: str, **more: Any) -> dict[str, Any]:
    return {"event": "state", "target": {"hostname": host, "state": name, **more}}


def end(**counts: int) -> dict[str, Any]:
    return {"event": "end", "counts": counts}


def test_lines_are_whole_though_parts_of_two_machines_come_in_turn(capsys: pytest.CaptureFixture[str]) -> None:
    events = told(
        *(output("a", "one"), output("b", "two\nth"), output("a", " more\r\n"), output("b", "ree")),
        state("b", "running"),
        state("b", "failed", exit_code=3, duration_ms=1234.0),
        {"event": "beat", "counts": {"failed": 1, "sent": 1}},
        state("a", "lost", reason="it never said how it ended"),
        end(failed=1, lost=1),
    )
    assert show(events, as_json=False) == 1
    told_lines = capsys.readouterr()
    assert told_lines.out.splitlines() == [
        *("b | two", "a | one more", "b | three", "b  failed with status 3 in 1.2 s"),
        "a  lost: it never said how it ended",
    ]
    assert told_lines.err == "0 of 2 succeeded; 1 failed, 1 lost\n"


def test_15_what_a_machine_prints_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b[2J\x1b]0;title\x07\u202eexe"
    show(told(output("a", evil + "\n"), state("a", "failed", reason=evil), end(failed=1)), as_json=False)
    shown = capsys.readouterr().out
    assert not set(shown) & {"\x1b", "\x07", "\u202e"}
    assert "\\x1b[2J" in shown


def test_for_programs_there_is_an_object_a_machine(capsys: pytest.CaptureFixture[str]) -> None:
    events = told(
        output("a", "one\n"),
        output("a", "two"),
        state("a", "succeeded", exit_code=0, duration_ms=5.0),
        end(succeeded=1),
    )
    assert show(events, as_json=True) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"host": "a", "state": "succeeded", "exit_code": 0, "output": "one\ntwo", "duration_ms": 5.0, "reason": ""}
    ]


def test_a_server_that_stops_is_told_of() -> None:
    with pytest.raises(UnavailableError, match="task watch"):
        show(told(state("a", "running")), as_json=False)


def test_answers_are_shown_as_they_come_or_counted(capsys: pytest.CaptureFixture[str]) -> None:
    def events() -> Iterator[Any]:
        return told(
            *(output("a", '"1'), output("b", '{"x":1}'), output("a", '2"'), state("a", "succeeded")),
            {"event": "beat", "counts": {"sent": 2}},
            *(state("b", "succeeded"), output("c", '"12"'), state("c", "succeeded")),
            *(state("d", "expired", reason="it was not connected"), end(succeeded=3, expired=1)),
        )

    assert print_answers(answers(events()), as_json=False, counted=False) == 1
    shown = capsys.readouterr()
    assert shown.out.splitlines() == ["a  12", 'b  {"x":1}', "c  12"]
    assert shown.err.splitlines() == ["d  expired: it was not connected", "3 of 4 answered"]
    print_answers(answers(events()), as_json=False, counted=True)
    assert capsys.readouterr().out.splitlines() == ["     2  12", '     1  {"x":1}']
    print_answers(answers(events()), as_json=True, counted=True)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["value"] for one in found] == ["12", {"x": 1}, "12", None]
    with pytest.raises(UnavailableError, match="ask again"):
        list(answers(told(output("a", "1"))))

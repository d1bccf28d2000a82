import logging

import pytest

from vigo.agent.logs import LineFormatter
from vigo.agent.report import CycleReport
from vigo.agent.terminal import print_report, trait_lines
from vigo.core.ids import Digest, GenerationNumber, ResourceId, new_run_id
from vigo.core.run import Outcome, ResourceResult, Run
from vigo.testing.clock import START


def result(name: str, outcome: Outcome, reason: str = "", **more: object) -> ResourceResult:
    return ResourceResult(id=ResourceId(f"web/{name}"), type="file", outcome=outcome, reason=reason, **more)  # type: ignore[arg-type]


def report(*results: ResourceResult, **more: object) -> CycleReport:
    run = Run(
        id=new_run_id(),
        generation=GenerationNumber(7),
        bundle_digest=Digest("d"),
        started_at=START,
        duration_ms=1500.0,
        results=results,
    )
    return CycleReport(run=run, **more)  # type: ignore[arg-type]


def test_only_what_is_not_simply_as_it_should_be_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(
        report(
            result("fine", "unchanged"),
            result("done", "changed", changed=("content", "mode")),
            result("bad", "failed", "no \x1b[31mspace"),
            result("image", "blocked", "nothing runs"),
            result("after", "skipped", "skipped because web/bad failed"),
            result("quiet", "skipped", "not notified"),
            result("false", "skipped", "its condition is false: x"),
            delivered=True,
        )
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:-1]] == [
        ["changed", "web/done"],
        ["failed", "web/bad"],
        ["blocked", "web/image"],
        ["skipped", "web/after"],
    ]
    assert "content, mode" in lines[0]
    assert "\\x1b[31m" in lines[1]
    assert lines[-1] == "generation 7: 1 unchanged, 1 changed, 1 failed, 3 skipped, 1 blocked in 1.50 s"


def test_a_dry_run_shows_the_diff_and_says_that_nothing_was_changed(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(report(result("a", "changed", changed=("content",), diff="-old\n+new\n"), dry_run=True))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["would", "change", "web/a", "content"]
    assert lines[1:3] == ["    -old", "    +new"]
    assert lines[-1].startswith("dry run, nothing was changed")


def test_results_that_wait_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(report(offline=True, waiting_runs=3, message="without the server"))
    assert capsys.readouterr().out.splitlines()[0] == "without the server"
    print_report(report(offline=True, waiting_runs=3))
    assert "3 results wait for the server" in capsys.readouterr().out


def test_a_log_event_is_one_line_even_with_a_trace() -> None:
    error = RuntimeError("two\nlines")
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "what=%s", ("a\nb\x1b",), (type(error), error, None))
    line = LineFormatter().format(record)
    assert "\n" not in line
    assert "\x1b" not in line
    assert "level=error" in line
    assert "what=a\\nb\\x1b" in line


def test_traits_are_one_value_a_line() -> None:
    traits = {"os": {"id": "debian", "tags": ["a", "b"]}, "network": {"interfaces": [{"name": "lo"}], "routes": {}}}
    assert list(trait_lines(traits)) == [
        "network.interfaces[0].name = lo",
        "network.routes = {}",
        "os.id = debian",
        "os.tags = a, b",
    ]

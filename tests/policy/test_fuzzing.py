"""The fuzzer of `make fuzz-policy`: a short run of it finds nothing, and it does find what is wrong."""

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.policy.conftest import compiled
from tests.policy.every_stacks import every_stacks
from tools.fuzz_policy import main
from tools.fuzzing.bombs.all_of_them import bombs
from tools.fuzzing.minimising import minimised
from tools.fuzzing.mutations import mutated
from tools.fuzzing.worker import Limits, Worker, broken_promise
from vigo.policy.compiling import Compiled
from vigo.policy.diagnostics import Diagnostic

SEED = 20_261_126
INPUTS = 150
SMALL = 4
RIGHT = {"envoys.vgo": b"envoys: []\n"}
GREEDY = dict(bombs(SMALL))["templates: greedy template in a loop"]


def changed(seed: str, corpus: Sequence[Mapping[str, bytes]]) -> dict[str, bytes]:
    return mutated(random.Random(seed), corpus)  # noqa: S311 - no secret


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    found = Worker(Limits())
    yield found
    found.end()


def test_no_small_bomb_harms_the_compiler(worker: Worker) -> None:
    faults = {name: run.fault for name, stacks in bombs(SMALL) if (run := worker.compile(stacks)).fault is not None}
    assert not faults


def test_no_stacks_changed_at_random_harm_the_compiler(worker: Worker) -> None:
    corpus = list(every_stacks().values())
    runs = [worker.compile(changed(f"{SEED}:{number}", corpus)) for number in range(INPUTS)]
    assert [run.fault for run in runs if run.fault is not None] == []
    # What nearly all of it refuses at once would try nothing.
    assert sum(run.plans > 0 for run in runs) >= INPUTS // 75
    assert sum(run.errors > 0 for run in runs) >= INPUTS // 4


def test_a_seed_always_gives_the_same_inputs() -> None:
    corpus = list(every_stacks().values())
    once, again = ([changed(f"7:{number}", corpus) for number in range(20)] for _ in range(2))
    assert once == again
    assert len({str(stacks) for stacks in once}) > 15


@pytest.mark.parametrize(
    ("limits", "stacks", "kind"),
    [
        (Limits(cpu_seconds=0.05), GREEDY, "hang"),
        (Limits(growth_bytes=1 << 20), dict(bombs(40))["text: many keys"], "growth"),
        # The worker cannot read this, and ends.
        (Limits(), {"envoys.vgo": "a text where bytes belong"}, "crash"),
    ],
)
def test_what_exceeds_a_limit_or_ends_the_process_is_a_fault(
    limits: Limits, stacks: Mapping[str, bytes], kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    worker = Worker(limits)
    run = worker.compile(stacks)
    assert run.fault is not None
    assert run.fault.kind == kind
    # The one that was ended is replaced.
    assert Worker(Limits()).compile(RIGHT).fault is None
    worker.end()


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        ({"severity": "error"}, "a policy is there where errors are"),
        ({"line": 3}, "is not in the file"),
        ({"column": 12}, "is not in the file"),
        ({"file": "other.vgo"}, "is not in the file"),
        ({"code": "internal"}, "the compiler blames itself"),
    ],
)
def test_a_promise_that_does_not_hold_is_a_fault(change: Mapping[str, Any], promise: str) -> None:
    policy = compiled(RIGHT).policy
    given: dict[str, Any] = {
        "severity": "warning",
        "code": "x",
        "message": "m",
        "file": "envoys.vgo",
        "line": 1,
        "column": 11,
    }
    assert broken_promise(RIGHT, Compiled(policy, (Diagnostic(**given),))) is None
    assert promise in (broken_promise(RIGHT, Compiled(policy, (Diagnostic(**{**given, **change}),))) or "")


def test_findings_out_of_their_order_are_a_fault() -> None:
    told = [
        Diagnostic(severity="warning", code="x", message="m", file="envoys.vgo", line=1, column=column)
        for column in (2, 1)
    ]
    assert broken_promise(RIGHT, Compiled(compiled(RIGHT).policy, tuple(told))) == "diagnostics are not sorted by place"


def test_what_fails_is_brought_down_to_what_it_takes() -> None:
    stacks = {"a.vgo": b"one\ntwo\nthree bad four\nfive\n", "b.vgo": b"worse\n", "c.vgo": b"good\n" * 50}
    least = minimised(stacks, lambda some: b"bad" in some.get("a.vgo", b"") and b"worse" in some.get("b.vgo", b""))
    assert least == {"a.vgo": b"bad", "b.vgo": b"worse"}


def test_a_run_without_a_fault_ends_with_figures_and_status_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--runs", "2", "--size", "1", "--bombs", "numbers", "--faults", str(tmp_path / "faults")]) == 0
    assert "1 runs in" in capsys.readouterr().out
    assert not (tmp_path / "faults").exists()


def test_a_fault_is_told_and_kept_and_the_status_is_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--cpu-seconds", "0.01", "--size", "4", "--bombs", "greedy template in a loop"]
    assert main([*options, "--faults", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "FAULT templates: greedy template in a loop: hang:" in out
    assert out.splitlines()[-1].endswith("1 faults")
    assert (tmp_path / "1-hang" / "fault.txt").read_text().startswith("hang: ")
    assert (tmp_path / "1-hang" / "whole" / "configcrates" / "web.vgo").is_file()

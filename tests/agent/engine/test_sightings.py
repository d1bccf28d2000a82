"""Resources are passed over where nothing has moved, and never where a look would find something to do."""

import time
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agent.engine.conftest import KINDS, ORIGIN, plan_of
from vigo.agent.engine.engine import Engine
from vigo.agent.engine.sightings import LONGEST, Sightings
from vigo.agent.engine.standing import Standing
from vigo.agent.host import look
from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.api import ReadHost
from vigo.core.ids import Digest, ResourceId
from vigo.core.plan import Condition, PlannedResource
from vigo.core.run import ResourceResult
from vigo.testing.clock import FakeClock

TICK_SECONDS = 0.012
"""Longer than a tick of the kernel, in steps of which many file systems tell times."""

TRAITS = {"a": "one", "os": {"family": "debian"}}


def declared(name: str, type_: str = "file", **more: Any) -> PlannedResource:
    fields = more.pop("fields", {"path": f"/{name}", "content": f"{name}\n"})
    return PlannedResource(id=ResourceId(f"web/{name}"), type=type_, origin=ORIGIN, fields=fields, **more)


class Machine:
    """A folder that an engine keeps, pass by pass."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = FakeClock()
        self.sightings = Sightings(Digest("policy"))
        self.standing: Standing | None = None

    def run(
        self,
        *resources: PlannedResource,
        traits: dict[str, Any] = TRAITS,
        sightings: Sightings | None = None,
        functions: dict[str, Any] | None = None,
        **more: Any,
    ) -> list[ResourceResult]:
        host = RealHost(str(self.root))
        engine = Engine(
            host,
            Executors(host).execute,
            self.clock,
            kinds=KINDS,
            one_look=host.one_look,
            has_moved=host.has_moved,
            sightings=self.sightings if sightings is None else sightings,
        )
        return list(engine.apply(plan_of(*resources), traits, functions or {}, standing=self.standing, **more))


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled however new they are."""
    monkeypatch.setattr(look, "GRAIN_NS", -(10**18))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were looked at."""
    paths: list[str] = []
    kind = type(KINDS["file"])
    real = kind.observe

    def observe(self: Any, spec: Any, host: ReadHost) -> Any:
        paths.append(spec.path)
        return real(self, spec, host)

    monkeypatch.setattr(kind, "observe", observe)
    return paths


@pytest.mark.usefixtures("settled")
def test_a_file_is_looked_at_until_it_was_found_as_declared_and_again_when_it_moved(
    machine: Machine, looked: list[str]
) -> None:
    file, other = declared("f"), declared("g")
    outcomes = []
    for turn in range(6):
        looked.clear()
        if turn == 4:
            (machine.root / "f").write_text("x\n")
        outcomes.append(([result.outcome for result in machine.run(file, other)], sorted(set(looked))))
    assert outcomes == [
        (["changed", "changed"], ["/f", "/g"]),
        (["unchanged", "unchanged"], ["/f", "/g"]),
        (["unchanged", "unchanged"], []),
        (["unchanged", "unchanged"], []),
        (["changed", "unchanged"], ["/f"]),
        (["unchanged", "unchanged"], ["/f"]),
    ]


def test_what_was_written_a_moment_ago_is_looked_at_again(machine: Machine, looked: list[str]) -> None:
    for _ in range(3):
        machine.run(declared("f"))
    assert looked.count("/f") == 4, "the first pass looks twice"


@pytest.fixture
def passed_over(machine: Machine, looked: list[str], settled: None) -> Machine:
    """A machine with `/f` as declared, which the next pass would not look at."""
    del settled
    file = declared("f", fields={"path": "/f"}, templates={"content": "{{ traits.a }}"})
    for _ in range(2):
        machine.run(file)
    looked.clear()
    assert [result.outcome for result in machine.run(file, traits={**TRAITS, "load": 1})] == ["unchanged"]
    assert not looked
    return machine


def templated(**more: Any) -> PlannedResource:
    return declared("f", fields={"path": "/f"}, templates={"content": "{{ traits.a }}"}, **more)


def test_other_values_in_its_templates_have_it_looked_at(passed_over: Machine) -> None:
    (result,) = passed_over.run(templated(), traits={"a": "two"})
    assert result.outcome == "changed"
    assert (passed_over.root / "f").read_text() == "two"


def test_a_template_that_cannot_be_rendered_any_more_fails(passed_over: Machine) -> None:
    (result,) = passed_over.run(templated(), traits={})
    assert result.outcome == "failed"


def test_a_condition_is_evaluated_in_each_pass(passed_over: Machine) -> None:
    file = templated(conditions=(Condition("traits.a == 'two'", ORIGIN),))
    (result,) = passed_over.run(file)
    assert result.outcome == "skipped"
    broken = templated(conditions=(Condition("traits.none.more", ORIGIN),))
    (result,) = passed_over.run(broken)
    assert result.outcome == "failed"


@pytest.mark.parametrize("away", [LONGEST + timedelta(seconds=1), -LONGEST])
def test_after_an_hour_or_when_the_clock_went_back_it_is_looked_at(
    passed_over: Machine, looked: list[str], away: timedelta
) -> None:
    passed_over.clock.jump(away)
    passed_over.run(templated())
    assert looked == ["/f"]


def test_of_many_resources_some_are_due_before_the_hour_is_over(machine: Machine, settled: None) -> None:
    del settled
    files = [declared(f"f{number}") for number in range(50)]
    for _ in range(2):
        machine.run(*files)
    due = []
    for _ in range(13):
        due.append(sum(machine.sightings.of(file.id, machine.clock.now()) is None for file in files))
        machine.clock.advance(timedelta(minutes=5))
    assert due[5] == 0
    assert due[12] == 50
    assert 0 < due[8] < due[10] < 50


def test_a_dry_run_passes_over_and_notes_nothing(machine: Machine, settled: None, looked: list[str]) -> None:
    del settled
    machine.run(declared("f"))
    machine.run(declared("f"), dry_run=True)
    assert not machine.sightings.seen
    machine.run(declared("f"))
    looked.clear()
    (result,) = machine.run(declared("f"), dry_run=True)
    assert result.outcome == "unchanged"
    assert not looked


def test_what_an_event_told_of_is_always_looked_at(passed_over: Machine, looked: list[str]) -> None:
    passed_over.standing = Standing()
    passed_over.run(templated(), only=frozenset({ResourceId("web/f")}))
    assert looked == ["/f"]


def test_a_daemon_goes_on_watching_what_it_passes_over(machine: Machine, settled: None, looked: list[str]) -> None:
    del settled
    for turn in range(3):
        looked.clear()
        machine.standing = Standing()
        machine.run(declared("f"))
        assert bool(looked) == (turn < 2)
        assert set(machine.standing.watched[ResourceId("web/f")]) == {"/f"}


def test_what_may_have_to_be_undone_is_looked_at_each_time(machine: Machine, settled: None, looked: list[str]) -> None:
    del settled
    for _ in range(3):
        machine.run(declared("f", on_remove="revert"))
    assert looked.count("/f") == 4


def test_another_policy_and_a_resource_that_left_it_are_forgotten(passed_over: Machine, looked: list[str]) -> None:
    passed_over.run(declared("g"))
    passed_over.run(templated())
    assert "/f" in looked
    passed_over.run(templated())
    passed_over.sightings.are_of(Digest("policy"))
    assert passed_over.sightings.seen
    passed_over.sightings.are_of(Digest("another"))
    assert not passed_over.sightings.seen


RESOURCES = (
    declared("f"),
    declared("d", "directory", fields={"path": "/d", "mode": "0750"}),
    declared("t", fields={"path": "/d/t"}, templates={"content": "{{ traits.a }} {{ vars.v }}"}),
    declared("r", fields={"path": "/r"}, templates={"content": "{{ read() }}"}),
    declared("l", "symlink", fields={"path": "/l", "to": "/f"}),
    declared("line", "file_line", fields={"path": "/lines", "line": "one"}),
    declared("gone", "file", fields={"path": "/gone", "state": "absent"}),
)
DEEDS = {
    "write": lambda path: path.write_text("f\n"),
    "other": lambda path: path.write_text("g\n"),
    "mode": lambda path: path.chmod(0o600),
    "remove": lambda path: path.unlink(missing_ok=True),
    "link": lambda path: (path.unlink(missing_ok=True), path.symlink_to("/f")),
    "folder": lambda path: (path.unlink(missing_ok=True), path.mkdir()),
}
PATHS = ("f", "d/t", "r", "d", "l", "lines", "gone")
TURN = st.tuples(
    st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(sorted(DEEDS))), max_size=3),
    st.sampled_from(["one", "two"]),
    st.sampled_from(["one", "two"]),
)


@pytest.mark.usefixtures("settled")
@settings(max_examples=60)
@given(st.lists(TURN, min_size=2, max_size=6))
def test_a_pass_finds_what_a_new_agent_would_find(turns: list[Any]) -> None:
    """Whatever happens between two passes: to files, to folders, to traits, to what a function reads."""
    with TemporaryDirectory() as folder:
        machine = Machine(Path(folder))
        for deeds, trait, read in turns:
            for path, deed in deeds:
                try:
                    DEEDS[deed](machine.root / path)
                except OSError:
                    continue
            asked: dict[str, Any] = {"traits": {"a": trait}, "functions": {"read": lambda read=read: read}}
            plan = [msgspec.structs.replace(one) for one in RESOURCES]
            fresh = machine.run(*plan, sightings=Sightings(), dry_run=True, **asked)
            found = machine.run(*plan, **asked)
            # What would be changed first may leave a dry run without an answer for what comes later.
            told = [{one.id for one in results if one.outcome == "unchanged"} for results in (fresh, found)]
            assert told[0] == told[1]
            time.sleep(TICK_SECONDS)

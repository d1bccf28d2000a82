"""What is held back, by `noop` of a configcrate or an entry and by windows: nothing changes, and all is told."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.agent.engine.conftest import KINDS, Probe, ProbeSpec, World, make_world, planned, taking
from tests.agent.engine.removing import Machine
from vigo.agent.engine.notices import NoticesInMemory
from vigo.catalog.ops import Op, Run
from vigo.core.errors import UnavailableError
from vigo.core.plan import Origin, Retry
from vigo.core.windows import Window
from vigo.testing.clock import FakeClock
from vigo.testing.fake_host import FakeHost

NOOP = Origin("envoys.vgo", 3, 24)
NOTHING: Mapping[str, Any] = {"noop": NOOP}
EVENING: Mapping[str, Any] = {"windows": (Window(start=time(22), end=time(4), timezone="UTC"),)}
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)  # a Tuesday
TWICE: Mapping[str, Any] = {"retries": {planned("a").id: Retry(times=1)}}
OUTSIDE = "outside the maintenance window (opens Tue 22:00 UTC); then it would change content"
BERLIN = Path("/usr/share/zoneinfo/Europe/Berlin")


def world_at(moment: datetime, **files: str) -> World:
    world = make_world(**files)
    world.clock = FakeClock(moment)
    return world


def world_with(files: Mapping[str, str | bytes]) -> World:
    host = FakeHost(files)
    return World(host=host, clock=FakeClock(NOON), execute=host.apply)


@pytest.fixture
def noon() -> World:
    return world_at(NOON)


def in_berlin(start: int, end: int, name: str = "Europe/Berlin") -> Mapping[str, Any]:
    return {"windows": (Window(start=time(start), end=time(end), timezone=name),)}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (NOTHING, "`noop: true` (envoys.vgo:3:24); otherwise it would change content"),
        (
            {"noop_configcrates": {"web": Origin("configcrates/web.vgo", 2, 7)}},
            "`noop: true` (configcrates/web.vgo:2:7); otherwise it would change content",
        ),
        (EVENING, OUTSIDE),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_what_would_change_is_skipped_with_the_reason_and_its_diff(
    settings: Mapping[str, Any], reason: str, *, dry_run: bool
) -> None:
    world = world_at(NOON, b="done")
    before = world.host.snapshot()
    results = world.run(planned("a"), planned("b"), settings=settings, dry_run=dry_run)
    assert (results["a"].outcome, results["a"].changed, results["a"].reason) == ("skipped", (), reason)
    assert results["a"].ops == ("write /a",)
    assert "+done" in results["a"].diff
    assert (results["b"].outcome, results["b"].reason) == ("unchanged", "")
    assert world.host.snapshot() == before


def test_noop_of_another_configcrate_holds_nothing_back(noon: World) -> None:
    assert noon.run(planned("a"), settings={"noop_configcrates": {"db": NOOP}})["a"].outcome == "changed"


def test_inside_a_window_all_is_as_ever() -> None:
    world = world_at(NOON + timedelta(hours=10))
    assert world.run(planned("a"), settings=EVENING)["a"].outcome == "changed"


def test_an_operator_may_say_that_the_window_does_not_count_but_not_so_of_noop(noon: World) -> None:
    assert noon.run(planned("a"), settings={**NOTHING, **EVENING}, outside_window=True)["a"].outcome == "skipped"
    assert noon.run(planned("a"), settings=EVENING, outside_window=True)["a"].outcome == "changed"


def test_a_run_that_passes_the_end_of_its_window_stops_changing_at_the_next_resource() -> None:
    world = world_at(datetime(2030, 1, 1, 3, 59, tzinfo=UTC))
    world.execute = taking(world, timedelta(minutes=1))
    results = world.run(planned("a"), planned("b"), settings=EVENING)
    assert results["a"].outcome == "changed"
    assert (results["b"].outcome, results["b"].reason) == ("skipped", OUTSIDE)


def test_a_handler_that_the_window_keeps_from_its_turn_stays_owed_until_it_opens() -> None:
    world, notices = world_at(datetime(2030, 1, 1, 3, 59, tzinfo=UTC)), NoticesInMemory()
    resources = planned("a", notify=("h",)), planned("h", "restart", only_when_notified=True)
    world.execute = taking(world, timedelta(minutes=1))
    results = world.run(*resources, settings=EVENING, notices=notices)
    assert (results["a"].outcome, results["h"].outcome) == ("changed", "skipped")
    assert notices.owed() == {resources[1].id}
    world.run(*resources, settings=EVENING, notices=notices)
    assert notices.owed() == {resources[1].id}
    world.clock.advance(timedelta(hours=20))
    assert world.run(*resources, settings=EVENING, notices=notices)["h"].outcome == "changed"
    assert notices.owed() == frozenset()


def test_a_handler_that_noop_keeps_from_its_turn_stays_owed(noon: World) -> None:
    handler = planned("h", "restart", only_when_notified=True)
    notices = NoticesInMemory([handler.id])
    assert noon.run(handler, settings=NOTHING, notices=notices)["h"].outcome == "skipped"
    assert notices.owed() == {handler.id}


def test_what_is_held_back_notifies_nobody_and_what_depends_on_it_is_looked_at(noon: World) -> None:
    handler = planned("h", "restart", only_when_notified=True)
    results = noon.run(planned("a", notify=("h",)), planned("b", depends_on=("a",)), handler, settings=EVENING)
    assert results["b"].reason == OUTSIDE
    assert results["h"].reason == "not notified"


def test_what_cannot_be_looked_at_behind_something_held_back_is_no_failure(noon: World) -> None:
    results = noon.run(planned("a"), planned("b", "blocked"), settings=EVENING)
    assert results["b"].outcome == "skipped"
    assert results["b"].reason == (
        "not known yet: earlier changes come first, and they are held back; as of now: not on this host"
    )


def test_what_cannot_be_looked_at_is_told_where_nothing_is_held_back_before_it(noon: World) -> None:
    assert noon.run(planned("a", "blocked"), settings=EVENING)["a"].outcome == "blocked"
    assert noon.run(planned("a", "unreadable"), settings=EVENING)["a"].outcome == "failed"


def test_noop_of_one_configcrate_takes_no_failure_from_another(noon: World) -> None:
    results = noon.run(planned("a"), planned("b", "blocked"), settings={"noop_configcrates": {"db": NOOP}, **EVENING})
    assert results["a"].reason == OUTSIDE
    noon.clock.advance(timedelta(hours=10))
    results = noon.run(planned("a"), planned("b", "blocked"), settings={"noop_configcrates": {"db": NOOP}})
    assert results["b"].outcome == "blocked"


def test_what_is_held_back_is_not_tried_again(noon: World) -> None:
    result = noon.run(planned("a"), settings={**EVENING, **TWICE})["a"]
    assert result.reason == OUTSIDE
    assert noon.clock.monotonic() == timedelta(0)


def test_no_attempt_begins_once_the_window_is_closed() -> None:
    world = world_at(datetime(2030, 1, 1, 3, 59, 58, tzinfo=UTC))

    def execute(_op: Op) -> None:
        raise UnavailableError("no")

    world.execute = execute
    result = world.run(planned("a"), settings={**EVENING, **TWICE})["a"]
    assert result.outcome == "failed"
    assert result.reason.startswith("write /a: no; not tried again: outside the maintenance window (opens Tue 22:00")


class Watching(Probe):
    """A kind that only checks, by an operation that no dry run may carry out."""

    kind = "watching"

    def plan(self, spec: ProbeSpec, state: bytes | None) -> Iterator[Op]:
        del spec, state
        yield Looking(argv=("look",))

    def settles(self, spec: ProbeSpec) -> bool:
        del spec
        return False


class Looking(Run, frozen=True, kw_only=True):
    only_checks = True


def test_what_only_checks_goes_on_outside_of_a_window_unless_what_it_checks_is_held_back(
    noon: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "watching", Watching())
    looked: list[str] = []
    noon.execute = lambda op: looked.append(op.summary())
    check = planned("w", type="watching")
    assert noon.run(check, settings=EVENING)["w"].outcome == "unchanged"
    assert looked
    looked.clear()
    assert noon.run(planned("a"), check, settings=EVENING)["w"].outcome == "skipped"
    assert noon.run(check, settings=NOTHING)["w"].outcome == "skipped"
    assert not looked


def test_a_named_zone_is_the_hosts_own() -> None:
    world = world_with({str(BERLIN): BERLIN.read_bytes()})
    # At noon in London it is one o'clock in Berlin.
    assert world.run(planned("a"), settings=in_berlin(13, 14))["a"].outcome == "changed"
    reason = world.run(planned("b"), settings=in_berlin(12, 13))["b"].reason
    assert reason.startswith("outside the maintenance window (opens Wed 12:00 Europe/Berlin)")


def test_without_a_zone_the_machines_own_clock_counts(noon: World) -> None:
    assert noon.run(planned("a"), settings=in_berlin(12, 13, ""))["a"].outcome == "changed"
    world = world_with({"/etc/localtime": BERLIN.read_bytes()})
    reason = world.run(planned("b"), settings=in_berlin(12, 13, ""))["b"].reason
    assert reason.startswith("outside the maintenance window (opens Wed 12:00);")


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "found none below /usr/share/zoneinfo; install tzdata"), (b"no zone", "found a file that is none")],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_zone_that_the_machine_does_not_know_blocks_changes_and_only_those(
    content: bytes | None, says: str, *, dry_run: bool
) -> None:
    world = world_with({"/b": "done"} | ({} if content is None else {str(BERLIN): content}))
    results = world.run(planned("a"), planned("b"), settings=in_berlin(0, 23), dry_run=dry_run)
    assert (results["a"].outcome, results["a"].changed) == ("blocked", ())
    assert "expected the time zone Europe/Berlin in this machine's tzdata" in results["a"].reason
    assert says in results["a"].reason
    assert results["b"].outcome == "unchanged"


@pytest.mark.parametrize("settings", [EVENING, NOTHING, {"noop_configcrates": {"web": NOOP}}])
def test_undoing_what_left_the_policy_waits_too_and_is_not_forgotten(settings: Mapping[str, Any]) -> None:
    machine = Machine(a="before")
    machine.world.clock = FakeClock(NOON)
    file = planned("a", type="file", fields={"path": "/a", "content": "ours", "behaviour": None}, on_remove="revert")
    del file.fields["behaviour"]
    machine.run(file)
    result = machine.run(settings=settings)["a"]
    assert result.outcome == "skipped"
    assert result.reason.startswith("no longer in the policy, to be undone: ")
    assert machine.text("/a") == "ours"
    assert machine.run()["a"].outcome == "changed"
    assert machine.text("/a") == "before"

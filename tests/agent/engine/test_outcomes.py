import logging
from datetime import timedelta

import pytest

from tests.agent.engine.conftest import ORIGIN, World, make_world, planned, taking
from vigo.catalog.ops import MakeSymlink, Op, Run
from vigo.core.errors import InvalidError, UnavailableError
from vigo.core.ids import ResourceId
from vigo.core.plan import PlannedResource


def test_what_is_in_its_state_is_unchanged() -> None:
    world = make_world(a="done")
    result = world.run(planned("a"))["a"]
    assert (result.outcome, result.changed, result.ops, result.diff, result.reason) == ("unchanged", (), (), "", "")
    assert world.applied() == []


def test_what_drifted_is_changed_with_its_fields_operations_and_diff(world: World) -> None:
    result = world.run(planned("a"))["a"]
    assert (result.outcome, result.changed, result.ops) == ("changed", ("content",), ("write /a",))
    assert "+done" in result.diff
    assert world.host.read_text("/a") == "done"


def test_a_pass_after_a_pass_changes_nothing(world: World) -> None:
    world.run(planned("a"), planned("b"))
    assert {result.outcome for result in world.run(planned("a"), planned("b")).values()} == {"unchanged"}


def test_a_dry_run_says_the_same_and_changes_nothing(world: World) -> None:
    before = world.host.snapshot()
    dry = world.run(planned("a"), dry_run=True)["a"]
    assert world.host.snapshot() == before
    assert dry == world.run(planned("a"))["a"]


def test_what_the_host_does_not_allow_is_blocked_with_the_reason(world: World) -> None:
    result = world.run(planned("a", "blocked"))["a"]
    assert (result.outcome, result.reason, result.ops) == ("blocked", "not on this host", ())


def test_what_was_yielded_before_it_is_blocked_is_carried_out(world: World) -> None:
    result = world.run(planned("a", "partly"))["a"]
    assert (result.outcome, result.changed, result.reason) == ("blocked", ("content",), "the rest is not possible here")
    assert world.applied() == ["write /a"]


def test_what_cannot_be_read_fails_and_the_others_go_on(world: World) -> None:
    results = world.run(planned("a", "unreadable"), planned("b"))
    assert (results["a"].outcome, results["a"].reason) == ("failed", "it cannot be read")
    assert results["b"].outcome == "changed"


def test_a_fault_in_a_kind_is_logged_with_its_trace_and_the_others_go_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        results = world.run(planned("a", "crash"), planned("b"))
    assert results["a"].outcome == "failed"
    assert "internal fault: RuntimeError: a fault in the kind" in results["a"].reason
    assert caplog.records[0].exc_info is not None
    assert results["b"].outcome == "changed"


def test_what_something_undoes_at_once_did_not_converge(world: World) -> None:
    result = world.run(planned("a", "unsettled"))["a"]
    assert result.outcome == "failed"
    assert "did not converge" in result.reason
    assert "write /a" in result.reason
    assert result.changed == ("content",)


def test_a_failed_operation_is_named_and_what_was_done_before_it_is_told(world: World) -> None:
    def execute(op: Op) -> None:
        if isinstance(op, Run):
            raise UnavailableError("status 3: disk on fire")
        world.host.apply(op)

    world.execute = execute
    result = world.run(planned("a", "run"))["a"]
    assert (result.outcome, result.changed) == ("failed", ("content",))
    assert result.ops == ("write /a", "run work")
    assert result.reason == "run work: status 3: disk on fire"


def test_an_unknown_kind_fails_with_the_nearest_name(world: World) -> None:
    result = world.run(planned("a", type="prob"))["a"]
    assert result.outcome == "failed"
    assert "did you mean 'probe'?" in result.reason
    assert "web.vgo:3:5" in result.reason


def test_a_resource_over_its_time_ends_before_the_next_operation(world: World) -> None:
    world.execute = taking(world, timedelta(seconds=2))
    result = world.run(planned("a", "run", timeout_seconds=2.0))["a"]
    assert result.outcome == "failed"
    assert "within 2 s" in result.reason
    assert world.applied() == ["write /a"]
    assert result.duration_ms == 2000.0


def test_a_program_gets_the_time_that_its_resource_has_left(world: World) -> None:
    world.execute = taking(world, timedelta(seconds=2))
    world.run(planned("a", "run", timeout_seconds=3600.0), planned("b", "run"))
    timeouts = [op.timeout for op in world.host.applied if isinstance(op, Run)]
    assert timeouts == [timedelta(seconds=3598), timedelta(minutes=5)]


def test_noop_shows_and_does_nothing(world: World) -> None:
    results = world.run(planned("a", noop=True, notify=["b"]), planned("b", "restart", only_when_notified=True))
    assert (results["a"].outcome, results["a"].changed, results["a"].ops) == ("skipped", (), ("write /a",))
    assert "noop" in results["a"].reason
    assert results["b"].reason == "not notified"
    assert world.applied() == []


def test_a_stop_ends_the_pass_after_the_present_resource(world: World) -> None:
    world.stop = lambda: "the agent was asked to stop" if world.host.applied else ""
    results = world.run(planned("a"), planned("b"))
    assert (results["a"].outcome, results["b"].outcome) == ("changed", "skipped")
    assert results["b"].reason == "the agent was asked to stop"


def test_on_failure_stop_skips_the_rest_with_the_reason(world: World) -> None:
    results = world.run(planned("a", "unreadable", on_failure="stop"), planned("b"))
    assert results["b"].outcome == "skipped"
    assert "web/a failed" in results["b"].reason


@pytest.mark.parametrize(
    "path", ["/var/lib/vigo-agent", "/var/lib/vigo-agent/identity/signing.key", "/link/identity/x"]
)
def test_the_agents_own_state_is_refused_whichever_way_leads_there(path: str) -> None:
    world = make_world(**{"var/lib/vigo-agent/identity/signing.key": "secret"})
    world.host.apply(MakeSymlink(path="/link", to="var/lib/../lib/vigo-agent"))
    world.host.applied.clear()
    world.protected = ("/var/lib/vigo-agent",)
    result = world.run(planned("a", fields={"path": path}))["a"]
    assert result.outcome == "failed"
    assert world.applied() == []


def test_a_folder_above_the_agents_state_is_not_removed() -> None:
    world = make_world(**{"srv/a/state/data.mdb": "x"})
    world.protected = ("/srv/a/state",)
    fields = {"path": "/srv/a", "state": "absent", "purge": True}
    directory = PlannedResource(id=ResourceId("web/a"), type="directory", origin=ORIGIN, fields=fields)
    result = world.run(directory)["a"]
    assert result.outcome == "failed"
    assert "is Vigo's own" in result.reason
    assert world.host.stat("/srv/a/state/data.mdb") is not None


def test_texts_that_no_message_can_carry_are_made_so(world: World) -> None:
    def execute(_op: Op) -> None:
        raise InvalidError("name \udcff " + "x" * 10_000)

    world.execute = execute
    reason = world.run(planned("a"))["a"].reason
    reason.encode()
    assert len(reason) < 5_000

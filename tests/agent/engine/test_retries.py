"""Retries: what is tried again, how long it is waited, when it ends, and what all attempts amount to."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest

from tests.agent.engine.conftest import World, planned
from vigo.agent.engine.notices import NoticesInMemory
from vigo.agent.engine.retrying import LOOK_EVERY
from vigo.catalog.ops import Op, Run, WriteFile
from vigo.core.errors import BlockedError, UnavailableError, VigoError
from vigo.core.plan import PlannedResource, Retry
from vigo.core.run import ResourceResult

THREE = Retry(times=3)


def failing(world: World, *errors: VigoError | None, on: type[Op] = WriteFile) -> Callable[[Op], object]:
    """Return what executes on the world's host, but for the first operations of a type, which fail with these."""
    left = list(errors)

    def execute(op: Op) -> None:
        error = left.pop(0) if left and isinstance(op, on) else None
        if error is not None:
            raise error
        world.host.apply(op)

    return execute


def meanwhile(world: World, op: Op) -> Callable[[timedelta], object]:
    """Return what lets all of a delay pass, in which somebody else changes the host."""

    def sleep(_duration: timedelta) -> None:
        world.clock.advance(timedelta(seconds=5))
        world.host.apply(op)

    return sleep


def _done(path: str, content: bytes = b"done") -> WriteFile:
    return WriteFile(path=path, content=content)


def tried(
    world: World, first: PlannedResource, *others: PlannedResource, retry: Retry = THREE, **more: Any
) -> dict[str, ResourceResult]:
    """Return how a pass ended in which the first resource has retries."""
    return world.run(first, *others, settings={"retries": {first.id: retry}}, **more)


def run(world: World, resource: PlannedResource, **more: Any) -> ResourceResult:
    (result,) = tried(world, resource, **more).values()
    return result


def faults(*reasons: str) -> Iterable[VigoError]:
    return [UnavailableError(reason) for reason in reasons]


def test_what_failed_is_tried_again_and_the_result_says_how_often_and_why(world: World) -> None:
    world.execute = failing(world, *faults("the disk is on fire", "it smokes"))
    result = run(world, planned("a"))
    assert (result.outcome, result.changed, result.ops) == ("changed", ("content",), ("write /a",))
    assert result.reason == "succeeded at attempt 3 of 4; the first said: write /a: the disk is on fire"
    assert world.clock.monotonic() == timedelta(seconds=10)


def test_what_succeeds_at_once_is_tried_once_and_says_nothing(world: World) -> None:
    result = run(world, planned("a"))
    assert (result.outcome, result.reason) == ("changed", "")
    assert world.clock.monotonic() == timedelta(0)


def test_what_fails_each_time_ends_with_the_last_reason_and_the_first(world: World) -> None:
    world.execute = failing(world, *faults("one", "two", "three", "four", "five"))
    result = run(world, planned("a"))
    assert (result.outcome, result.changed) == ("failed", ())
    assert result.reason == "write /a: four; that was attempt 4 of 4; the first said: write /a: one"


def test_the_first_reason_is_not_told_twice(world: World) -> None:
    result = run(world, planned("a", "unreadable"))
    assert (result.outcome, result.reason) == ("failed", "it cannot be read; that was attempt 4 of 4")


def test_without_retries_nothing_is_tried_again(world: World) -> None:
    world.execute = failing(world, *faults("once"))
    result = world.run(planned("a"))["a"]
    assert (result.outcome, result.reason) == ("failed", "write /a: once")
    assert world.clock.monotonic() == timedelta(0)


def test_it_waits_as_long_as_the_resource_says_before_each_attempt(world: World) -> None:
    run(world, planned("a", "unreadable"), retry=Retry(times=2, delay_seconds=0.5))
    assert world.clock.monotonic() == timedelta(seconds=1)


def test_what_is_blocked_is_tried_again_too(world: World) -> None:
    world.execute = failing(world, BlockedError("the lock is held"))
    result = run(world, planned("a"))
    assert (result.outcome, result.reason) == (
        "changed",
        "succeeded at attempt 2 of 4; the first said: write /a: the lock is held",
    )


def test_what_comes_into_its_state_by_itself_meanwhile_is_unchanged(world: World) -> None:
    world.execute = failing(world, *faults("once"))
    world.sleep = meanwhile(world, _done("/a"))
    result = run(world, planned("a"))
    assert (result.outcome, result.changed) == ("unchanged", ())
    assert result.reason == "succeeded at attempt 2 of 4; the first said: write /a: once"


def test_a_wrong_declaration_is_never_tried_again(world: World) -> None:
    for wrong in (
        planned("a", type="no such kind"),
        planned("a", fields={"timeout_ms": "many"}),
        planned("a", conditions=("vars.nothing > 1",)),
    ):
        result = run(world, wrong)
        assert result.outcome == "failed"
        assert "attempt" not in result.reason
    assert world.clock.monotonic() == timedelta(0)


def test_what_vigo_refuses_is_never_tried_again(world: World) -> None:
    world.protected = ("/a",)
    result = run(world, planned("a"))
    assert result.outcome == "failed"
    assert "refused" in result.reason
    assert world.clock.monotonic() == timedelta(0)


def test_a_fault_of_vigo_itself_is_never_tried_again(world: World) -> None:
    assert "attempt" not in run(world, planned("a", "crash")).reason
    assert world.clock.monotonic() == timedelta(0)


def test_what_an_attempt_did_before_it_failed_counts_as_changed_and_notifies(world: World) -> None:
    world.execute = failing(world, *faults("no"), on=Run)
    results = tried(world, planned("a", "run", notify=("h",)), planned("h", "restart", only_when_notified=True))
    assert results["a"].outcome == "changed"
    assert results["a"].changed == ("content", "work")
    assert results["a"].ops == ("write /a", "run work")
    assert results["h"].outcome == "changed"


def test_what_an_attempt_did_counts_where_the_last_one_finds_nothing_left_to_do(world: World) -> None:
    # The first attempt wrote it, and something undid that at once; then it was left alone.
    undoing = [b"undone", b"done"]

    def execute(op: Op) -> None:
        world.host.apply(_done("/a", undoing.pop(0)))

    world.execute = execute
    world.sleep = meanwhile(world, _done("/a"))
    result = run(world, planned("a"))
    assert (result.outcome, result.changed, result.ops) == ("changed", ("content",), ("write /a",))


def test_a_pass_that_is_asked_to_stop_stops_waiting_at_once(world: World) -> None:
    slept: list[timedelta] = []

    def sleep(duration: timedelta) -> None:
        slept.append(duration)
        world.clock.advance(duration)

    world.sleep = sleep
    world.stop = lambda: "the run was interrupted" if slept else ""
    results = tried(world, planned("a", "unreadable"), planned("b"))
    assert results["a"].reason == "it cannot be read; not tried again: the run was interrupted"
    assert results["b"].reason == "the run was interrupted"
    assert slept == [LOOK_EVERY]


def test_no_attempt_begins_where_the_timeout_leaves_no_time_for_it(world: World) -> None:
    result = run(world, planned("a", "unreadable", timeout_seconds=10), retry=Retry(times=9, delay_seconds=4))
    assert result.outcome == "failed"
    assert result.reason == (
        "it cannot be read; that was attempt 3 of 10; not tried again: its `timeout` leaves no time for it"
    )
    assert world.clock.monotonic() == timedelta(seconds=8)


def test_a_dry_run_neither_waits_nor_tries_again(world: World) -> None:
    result = run(world, planned("a", "unreadable"), dry_run=True)
    assert (result.outcome, result.reason) == ("failed", "it cannot be read")
    assert world.clock.monotonic() == timedelta(0)


def test_the_host_is_looked_at_afresh_before_each_further_attempt(world: World) -> None:
    run(world, planned("a", "unreadable"))
    assert world.looks == 3


def test_a_condition_that_has_become_false_ends_it(world: World) -> None:
    world.execute = failing(world, *faults("once"))
    world.sleep = meanwhile(world, _done("/off"))
    result = run(world, planned("a", conditions=("not file_exists('/off')",)))
    assert result.outcome == "skipped"
    assert result.reason.startswith(
        "its condition is false: not file_exists('/off'); that was attempt 2 of 4; the first"
    )


@pytest.mark.parametrize("outcome", ["failed", "changed"])
def test_what_depends_on_it_waits_for_the_last_attempt(world: World, outcome: str) -> None:
    reasons = ("one", "two", "three", "four") if outcome == "failed" else ("one",)
    world.execute = failing(world, *faults(*reasons))
    results = tried(world, planned("a"), planned("b", depends_on=("a",)))
    assert results["a"].outcome == outcome
    assert results["b"].outcome == ("skipped" if outcome == "failed" else "changed")


def test_its_handlers_are_owed_before_the_first_attempt_changes_anything(world: World) -> None:
    notices = NoticesInMemory()
    handler = planned("h", "restart", only_when_notified=True)
    world.execute = failing(world, *faults("one", "two", "three", "four"))
    tried(world, planned("a", notify=("h",)), handler, notices=notices)
    assert notices.owed() == {handler.id}

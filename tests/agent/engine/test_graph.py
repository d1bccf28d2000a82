import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agent.engine.conftest import World, make_world, planned
from vigo.agent.engine.notices import NoticesInMemory
from vigo.catalog.ops import Op
from vigo.core.errors import UnavailableError
from vigo.core.ids import ResourceId
from vigo.core.plan import PlannedResource
from vigo.core.run import ResourceResult


def test_a_failed_resource_skips_what_depends_on_it_and_names_it(world: World) -> None:
    results = world.run(planned("a", "unreadable"), planned("b", depends_on=["a"]), planned("c", depends_on=["b"]))
    assert [results[name].outcome for name in "abc"] == ["failed", "skipped", "skipped"]
    assert results["b"].reason == "skipped because web/a failed"
    assert results["c"].reason == "skipped because web/b was skipped"


def test_a_blocked_resource_skips_what_depends_on_it(world: World) -> None:
    results = world.run(planned("a", "blocked"), planned("b", depends_on=["a"]))
    assert results["b"].reason == "skipped because web/a is blocked"


def test_a_notified_resource_runs_once_at_the_end(world: World) -> None:
    results = world.run(
        planned("a", notify=["r"]),
        planned("r", "restart", only_when_notified=True),
        planned("b", notify=["r"]),
        planned("c"),
    )
    assert world.applied() == ["write /a", "write /b", "write /c", "write /r"]
    assert results["r"].outcome == "changed"


def test_without_a_change_nothing_is_notified(world: World) -> None:
    world.run(planned("a"))
    results = world.run(planned("a", notify=["r"]), planned("r", "restart", only_when_notified=True))
    assert (results["r"].outcome, results["r"].reason) == ("skipped", "not notified")


def test_not_being_notified_does_not_skip_the_dependents(world: World) -> None:
    results = world.run(planned("r", "restart", only_when_notified=True), planned("b", depends_on=["r"]))
    assert results["b"].outcome == "changed"


def test_an_immediate_one_runs_right_after_its_notifier(world: World) -> None:
    world.run(
        planned("a", notify=["r"]),
        planned("b"),
        planned("r", "restart", only_when_notified=True, immediately=True),
    )
    assert world.applied() == ["write /a", "write /r", "write /b"]


def test_a_due_resource_runs_before_what_depends_on_it(world: World) -> None:
    world.run(
        planned("a", notify=["r"]), planned("r", "restart", only_when_notified=True), planned("b", depends_on=["r"])
    )
    assert world.applied() == ["write /a", "write /r", "write /b"]


def test_what_a_due_resource_notifies_runs_before_what_depends_on_that_too(world: World) -> None:
    world.run(
        planned("a", notify=["check"]),
        planned("check", "restart", only_when_notified=True, notify=["reload"]),
        planned("needs", depends_on=["check", "reload"]),
        planned("reload", "restart", only_when_notified=True),
    )
    assert world.applied() == ["write /a", "write /check", "write /reload", "write /needs"]


def test_one_that_had_its_turn_early_is_notified_again(world: World) -> None:
    results = world.run(
        planned("a", notify=["r"]),
        planned("r", "restart", only_when_notified=True),
        planned("b", depends_on=["r"]),
        planned("c", notify=["r"]),
    )
    assert world.applied() == ["write /a", "write /r", "write /b", "write /c", "write /r"]
    assert results["r"].ops == ("write /r", "write /r")


def test_a_chain_of_notifications_runs_to_its_end(world: World) -> None:
    world.run(
        planned("a", notify=["r"]),
        planned("s", "restart", only_when_notified=True),
        planned("r", "restart", only_when_notified=True, notify=["s"]),
    )
    assert world.applied() == ["write /a", "write /r", "write /s"]


def test_two_that_notify_each_other_come_to_an_end(world: World) -> None:
    world.run(
        planned("a", notify=["r"]),
        planned("r", "restart", only_when_notified=True, notify=["s"]),
        planned("s", "restart", only_when_notified=True, notify=["r"]),
    )
    assert world.applied() == ["write /a", "write /r", "write /s"]


def test_a_target_without_when_changed_is_evaluated_in_its_place_once(world: World) -> None:
    world.run(planned("a", notify=["b"]), planned("b"), planned("c"))
    assert world.applied() == ["write /a", "write /b", "write /c"]


def test_a_service_is_not_restarted_on_half_a_configuration(world: World) -> None:
    def execute(op: Op) -> None:
        if op.summary() == "run work":
            raise UnavailableError("no")
        world.host.apply(op)

    world.execute = execute
    notices = NoticesInMemory()
    resources = (planned("a", "run", notify=["r"]), planned("r", "restart", only_when_notified=True))
    results = world.run(*resources, notices=notices)
    assert results["r"].outcome == "skipped"
    assert "web/a, which notifies it, failed" in results["r"].reason
    assert notices.owed() == {"web/r"}


def test_what_a_killed_pass_owed_runs_in_the_next() -> None:
    world = make_world(a="done")
    notices = NoticesInMemory([ResourceId("web/r"), ResourceId("web/gone")])
    results = world.run(planned("a", notify=["r"]), planned("r", "restart", only_when_notified=True), notices=notices)
    assert (results["a"].outcome, results["r"].outcome) == ("unchanged", "changed")
    assert notices.owed() == frozenset()


def test_the_debt_is_written_down_before_the_change_is_made(world: World) -> None:
    notices = NoticesInMemory()
    owed: list[frozenset[ResourceId]] = []

    def execute(op: Op) -> None:
        owed.append(notices.owed())
        world.host.apply(op)

    world.execute = execute
    world.run(planned("a", notify=["r"]), planned("r", "restart", only_when_notified=True), notices=notices)
    assert owed == [{"web/r"}, {"web/r"}]
    assert notices.owed() == frozenset()


def test_a_failed_restart_stays_due(world: World) -> None:
    def execute(op: Op) -> None:
        if op.summary() == "write /r":
            raise UnavailableError("it does not start")
        world.host.apply(op)

    notices = NoticesInMemory()
    resources = (planned("a", notify=["r"]), planned("r", "restart", only_when_notified=True))
    world.execute = execute
    assert world.run(*resources, notices=notices)["r"].outcome == "failed"
    world.execute = world.host.apply
    assert world.run(*resources, notices=notices)["r"].outcome == "changed"
    assert world.run(*resources, notices=notices)["r"].reason == "not notified"


def test_a_dry_run_owes_nothing_and_settles_nothing(world: World) -> None:
    notices = NoticesInMemory([ResourceId("web/r")])
    resources = (planned("a", notify=["s"]), planned("r", "restart", only_when_notified=True))
    assert world.run(*resources, notices=notices, dry_run=True)["r"].outcome == "changed"
    assert notices.owed() == {"web/r"}


def test_a_dry_run_does_not_call_failed_what_earlier_changes_may_mend(world: World) -> None:
    results = world.run(planned("a"), planned("b", "unreadable"), dry_run=True)
    assert results["b"].outcome == "skipped"
    assert "not known in a dry run" in results["b"].reason
    assert world.run(planned("b", "unreadable"), dry_run=True)["b"].outcome == "failed"


@st.composite
def plans(draw: st.DrawFn) -> tuple[PlannedResource, ...]:
    count = draw(st.integers(1, 8))
    resources = []
    for index in range(count):
        earlier = [f"n{i}" for i in range(index)]
        later = [f"n{i}" for i in range(index + 1, count)]
        handler = draw(st.booleans())
        resources.append(
            planned(
                f"n{index}",
                "restart" if handler else draw(st.sampled_from(["write", "blocked", "write"])),
                only_when_notified=handler,
                immediately=draw(st.booleans()),
                depends_on=draw(st.lists(st.sampled_from(earlier), max_size=2, unique=True)) if earlier else (),
                notify=draw(st.lists(st.sampled_from(later), max_size=2, unique=True)) if later else (),
                conditions=draw(st.sampled_from([(), (), ("false",), ("true",)])),
                on_failure=draw(st.sampled_from(["continue", "continue", "stop"])),
                noop=draw(st.sampled_from([False, False, True])),
            )
        )
    return tuple(resources)


@settings(max_examples=150, deadline=None)
@given(plans(), st.sets(st.integers(0, 7)))
def test_a_dry_run_tells_what_the_real_run_then_does(resources: tuple[PlannedResource, ...], done: set[int]) -> None:
    world = make_world(**{f"n{index}": "done" for index in done})
    before = world.host.snapshot()
    dry = world.run(*resources, dry_run=True)
    assert world.host.snapshot() == before
    real = world.run(*resources)
    if not any("not known in a dry run" in result.reason for result in dry.values()):
        assert without_diffs(dry) == without_diffs(real)
    for name, result in real.items():
        assert not result.changed or result.changed == dry[name].changed


def without_diffs(results: dict[str, ResourceResult]) -> list[ResourceResult]:
    # One that has two turns in a pass finds its own first write there, which a dry run did not make.
    return [msgspec.structs.replace(result, diff="") for result in results.values()]

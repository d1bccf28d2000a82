from collections.abc import Mapping
from typing import Any

from tests.agent.engine.conftest import KINDS, World, make_world, plan_of, planned
from vigo.agent.engine.engine import Engine
from vigo.agent.engine.standing import Standing
from vigo.agent.engine.undo_records import UndosInMemory
from vigo.catalog.ops import Op, RemoveFile, WriteFile
from vigo.core.ids import ResourceId
from vigo.core.plan import PlannedResource
from vigo.core.run import ResourceResult


def applied(
    world: World, resources: tuple[PlannedResource, ...], standing: Standing, *only: str, **more: Any
) -> Mapping[str, ResourceResult]:
    engine = Engine(world.host, world.execute, world.clock, kinds=KINDS)
    scope = {"only": frozenset(ResourceId(f"web/{name}") for name in only)} if only else {}
    found = engine.apply(plan_of(*resources), {}, {}, standing=standing, **scope, **more)
    return {one.id.removeprefix("web/"): one for one in found}


def outcomes(results: Mapping[str, ResourceResult]) -> dict[str, str]:
    return {name: one.outcome for name, one in results.items()}


CHAIN = (
    planned("a", notify=["told"]),
    planned("b", depends_on=["a"]),
    planned("c", depends_on=["b"]),
    planned("alone"),
    planned("told", only_when_notified=True),
)


def test_what_did_not_change_concerns_no_other() -> None:
    world, standing = make_world(), Standing()
    applied(world, CHAIN, standing)
    assert outcomes(applied(world, CHAIN, standing, "a")) == {"a": "unchanged"}


def test_a_repair_concerns_what_depends_on_it_by_others_too_and_what_it_notifies() -> None:
    world, standing = make_world(), Standing()
    applied(world, CHAIN, standing)
    world.host.apply(RemoveFile(path="/a"))
    world.host.apply(RemoveFile(path="/alone"))
    found = outcomes(applied(world, CHAIN, standing, "a"))
    assert found == {"a": "changed", "b": "unchanged", "c": "unchanged", "told": "unchanged"}
    assert world.host.stat("/alone") is None


def test_a_dependency_that_failed_before_still_stands_in_the_way() -> None:
    world, standing = make_world(), Standing()
    plan = (planned("a", "blocked"), planned("b", depends_on=["a"]))
    applied(world, plan, standing)
    assert "skipped because web/a is blocked" in applied(world, plan, standing, "b")["b"].reason


def test_what_stood_in_the_way_and_no_longer_does_lets_the_others_go_on() -> None:
    world, standing = make_world(), Standing()
    blocked, good = planned("a", "blocked"), planned("a")
    dependent = planned("b", depends_on=["a"])
    world.host.apply(WriteFile(path="/a", content=b"done"))
    applied(world, (blocked, dependent), standing)
    found = outcomes(applied(world, (good, dependent), standing, "a"))
    assert found == {"a": "unchanged", "b": "changed"}
    assert standing.obstacles == {}


def test_a_dependency_whose_condition_is_false_stands_in_nobodys_way() -> None:
    world, standing = make_world(), Standing()
    plan = (planned("a", conditions=["false"]), planned("b", depends_on=["a"]))
    applied(world, plan, standing)
    assert outcomes(applied(world, plan, standing, "b")) == {"b": "unchanged"}


def test_own_changes_leave_no_resource_moved_and_others_do() -> None:
    world, standing = make_world(), Standing()
    plan = (
        PlannedResource(
            id=ResourceId("web/a"), type="file", origin=planned("a").origin, fields={"path": "/a", "content": "x"}
        ),
    )
    applied(world, plan, standing)
    assert set(standing.watched[plan[0].id]) == {"/a"}
    assert not standing.has_moved(plan[0].id, world.host)
    world.host.apply(WriteFile(path="/a", content=b"longer"))
    assert standing.has_moved(plan[0].id, world.host)


def test_what_another_did_right_after_the_work_is_not_taken_for_own_work() -> None:
    world, standing = make_world(), Standing()
    fields = {"path": "/a", "content": "x"}
    file = PlannedResource(id=ResourceId("web/a"), type="file", origin=planned("a").origin, fields=fields)
    plan, apply = (file,), world.host.apply

    def outdone(op: Op) -> None:
        apply(op)
        apply(WriteFile(path="/a", content=b"another's"))

    world.execute = outdone
    assert "did not converge" in applied(world, plan, standing)["a"].reason
    assert standing.has_moved(ResourceId("web/a"), world.host)
    world.execute = apply
    assert outcomes(applied(world, plan, standing, "a")) == {"a": "changed"}
    assert not standing.has_moved(ResourceId("web/a"), world.host)


def test_nothing_is_undone_in_a_partial_pass() -> None:
    world, standing, undos = make_world(), Standing(), UndosInMemory()
    origin = planned("a").origin
    gone = PlannedResource(
        id=ResourceId("web/gone"),
        type="file",
        origin=origin,
        fields={"path": "/gone", "content": "x"},
        on_remove="revert",
    )
    applied(world, (gone, planned("a")), standing, undos=undos)
    applied(world, (planned("a"),), standing, "a", undos=undos)
    assert world.host.stat("/gone") is not None
    applied(world, (planned("a"),), standing, undos=undos)
    assert world.host.stat("/gone") is None

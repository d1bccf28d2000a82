"""What a dry run says is what the run then does, the chain of notifications included, for every case of every kind."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tests.catalog.test_cases import PATHS, Case, host_of
from vigo.agent.engine.engine import Engine
from vigo.catalog.scan import resource_kinds
from vigo.core.ids import ResourceId
from vigo.core.plan import Origin, Plan, PlannedResource
from vigo.core.run import ResourceResult
from vigo.testing.clock import FakeClock

ORIGIN = Origin("case.vgo", 1)
HANDLER, LAST, AFTER = (ResourceId(f"case/{name}") for name in ("handler", "last", "after"))


def plan_of(kind: str, fields: dict[str, Any]) -> Plan:
    """Return the case, a handler that it notifies, one that this one notifies, and a resource that follows the case."""

    def file(id_: ResourceId, **more: Any) -> PlannedResource:
        path = f"/case-{id_.partition('/')[2]}"
        return PlannedResource(id=id_, type="file", origin=ORIGIN, fields={"path": path, "content": "x"}, **more)

    case = PlannedResource(id=ResourceId("case/case"), type=kind, origin=ORIGIN, fields=fields, notify=(HANDLER,))
    resources = (
        case,
        file(AFTER, depends_on=(case.id,)),
        file(HANDLER, only_when_notified=True, notify=(LAST,)),
        file(LAST, only_when_notified=True),
    )
    return Plan(entry=ORIGIN, match=("*",), scopes={"case": {}}, resources=resources)


def told(results: tuple[ResourceResult, ...], *, with_diff: bool = True) -> list[tuple[object, ...]]:
    """Return what a run says, but for how long it took."""
    return [(one.id, one.outcome, one.changed, one.ops, one.diff if with_diff else "", one.reason) for one in results]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_dry_run_tells_what_the_run_does(path: Path) -> None:
    case = msgspec.convert(yaml.safe_load(path.read_text()), Case)
    host = host_of(case)
    plan = plan_of(path.parent.name, case.spec)

    def execute(op: Any) -> None:
        host.apply(op)
        for line, status in case.guards_after.items():
            host.answer_guard(line, status)

    engine = Engine(host, execute, FakeClock(), kinds=resource_kinds())
    before = host.snapshot()
    foreseen = engine.apply(plan, {}, {}, dry_run=True)
    assert host.snapshot() == before
    assert not host.runs
    done = engine.apply(plan, {}, {})

    assert told(foreseen) == told(done)
    # What is blocked half-way has changed something too.
    handled = "changed" if done[0].changed else "skipped"
    assert {one.id: one.outcome for one in done if one.id in (HANDLER, LAST)} == {HANDLER: handled, LAST: handled}

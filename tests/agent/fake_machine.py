"""A machine over a fake host, which outlives the cycles that look at it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from vigo.agent.machine import Authority, Collected, Look, Machine, Marks
from vigo.catalog.api import ReadHost
from vigo.catalog.ops import Op
from vigo.core.ids import ResourceId
from vigo.core.plan import Origin, Plan, PlannedResource
from vigo.core.templates import Functions
from vigo.core.traits import Traits
from vigo.testing.fake_host import FakeHost

ORIGIN = Origin("web.vgo", 1)


class FakeMachine:
    def __init__(self, fake: FakeHost | None = None) -> None:
        self.fake = fake or FakeHost()
        self.traits: Traits = {"os": {"family": "debian"}}
        self.failures: dict[str, str] = {}
        self.looks = 0
        self.before: Callable[[Op], None] = lambda _op: None

    @property
    def host(self) -> ReadHost:
        return self.fake

    def execute(self, op: Op) -> None:
        self.before(op)
        self.fake.apply(op)

    def look_afresh(self) -> None:
        self.looks += 1

    @contextmanager
    def one_look(self) -> Iterator[Look]:
        yield self

    def marks(self) -> Marks | None:
        return None

    def has_moved(self, marks: Marks) -> bool:
        del marks  # it gives none, so nothing is known not to have moved
        return True

    def use_authority(self, authority: Authority) -> None:
        self.authority = authority

    def functions(self, traits: Traits) -> Functions:
        return {"os_family": lambda name: traits["os"]["family"] == name}

    def collect(self, previous: dict[str, Any]) -> Collected:
        return Collected(self.traits, {"count": previous.get("count", 0) + 1}, self.failures)


def _is_machine(machine: FakeMachine) -> Machine:
    return machine


def policy(*contents: str, match: tuple[str, ...] = ("web-*",), **more: Any) -> Plan:
    resources = tuple(
        PlannedResource(
            id=ResourceId(f"web/{index}"),
            type="file",
            origin=ORIGIN,
            fields={"path": f"/file{index}", "content": content},
            **more,
        )
        for index, content in enumerate(contents)
    )
    return Plan(entry=ORIGIN, match=match, resources=resources)

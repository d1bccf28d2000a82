from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any

import msgspec
import pytest

from vigo.agent.engine.engine import Engine
from vigo.agent.engine.notices import Notices
from vigo.agent.engine.undo_records import Undos
from vigo.catalog.api import ReadHost, Resource, Spec, field
from vigo.catalog.ops import Op, Run, WriteFile
from vigo.catalog.scan import resource_kinds
from vigo.core.errors import BlockedError, UnavailableError
from vigo.core.ids import ResourceId
from vigo.core.plan import Condition, Origin, Plan, PlannedResource
from vigo.core.run import ResourceResult
from vigo.testing.clock import FakeClock
from vigo.testing.fake_host import FakeHost

ORIGIN = Origin("web.vgo", 3, 5)


class ProbeSpec(Spec, frozen=True, kw_only=True):
    """A kind whose every outcome a test can ask for."""

    path: Annotated[str, field("A file that it writes.")]
    behaviour: Annotated[str, field("What it does.")] = "write"
    timeout_ms: Annotated[int, field("How long it takes.")] = 0


class Probe(Resource[ProbeSpec, bytes | None]):
    kind, since, spec = "probe", "0.1", ProbeSpec

    def observe(self, spec: ProbeSpec, host: ReadHost) -> bytes | None:
        if spec.behaviour == "crash":
            raise RuntimeError("a fault in the kind")
        if spec.behaviour == "unreadable":
            raise UnavailableError("it cannot be read")
        return host.read_bytes(spec.path)

    def plan(self, spec: ProbeSpec, state: bytes | None) -> Iterator[Op]:
        if spec.behaviour == "blocked":
            raise BlockedError("not on this host")
        if spec.behaviour == "restart" or state != b"done":
            yield WriteFile(path=spec.path, content=b"undone" if spec.behaviour == "unsettled" else b"done")
        if spec.behaviour in ("run", "run twice"):
            yield Run(argv=("work",), changes=("work",))
        if spec.behaviour == "partly":
            raise BlockedError("the rest is not possible here")

    def settles(self, spec: ProbeSpec) -> bool:
        return spec.behaviour not in ("restart", "run")


KINDS: Mapping[str, Resource[Any, Any]] = {**resource_kinds(), "probe": Probe()}


def planned(name: str, behaviour: str = "write", **more: Any) -> PlannedResource:
    for key in ("depends_on", "notify"):
        more[key] = tuple(ResourceId(f"web/{one}") for one in more.pop(key, ()))
    more["conditions"] = tuple(Condition(text, ORIGIN) for text in more.pop("conditions", ()))
    fields = {"path": f"/{name}", "behaviour": behaviour, **more.pop("fields", {})}
    return PlannedResource(
        id=ResourceId(f"web/{name}"), type=more.pop("type", "probe"), origin=ORIGIN, fields=fields, **more
    )


def plan_of(*resources: PlannedResource, settings: Mapping[str, Any] | None = None, **scopes: Any) -> Plan:
    return Plan(entry=ORIGIN, match=("*",), scopes={"web": scopes}, resources=resources, **(settings or {}))


class World(msgspec.Struct, kw_only=True):
    host: FakeHost
    clock: FakeClock
    execute: Callable[[Op], object]
    stop: Callable[[], str] = lambda: ""
    protected: tuple[str, ...] = ()
    sleep: Callable[[timedelta], object] | None = None
    looks: int = 0

    def run(
        self,
        *resources: PlannedResource,
        notices: Notices | None = None,
        undos: Undos | None = None,
        dry_run: bool = False,
        outside_window: bool = False,
        settings: Mapping[str, Any] | None = None,
        **scopes: Any,
    ) -> dict[str, ResourceResult]:
        engine = Engine(
            self.host,
            self.execute,
            self.clock,
            kinds=KINDS,
            protected=self.protected,
            stop=self.stop,
            sleep=self.sleep or self.clock.advance,
            look_afresh=self._look,
        )
        traits = {"os": {"family": "debian"}}
        functions = {
            "os_family": lambda name: name == "debian",
            "file_exists": lambda path: self.host.stat(path) is not None,
        }
        results = engine.apply(
            plan_of(*resources, settings=settings, **scopes),
            traits,
            functions,
            notices=notices,
            undos=undos,
            dry_run=dry_run,
            outside_window=outside_window,
        )
        assert [result.id for result in results[: len(resources)]] == [resource.id for resource in resources]
        assert len({result.id for result in results}) == len(results)
        return {result.id.removeprefix("web/"): result for result in results}

    def _look(self) -> None:
        self.looks += 1

    def applied(self) -> list[str]:
        return [op.summary() for op in self.host.applied]


@pytest.fixture
def world() -> World:
    return make_world()


def make_world(**files: str) -> World:
    host = FakeHost({f"/{name}": content for name, content in files.items()})
    return World(host=host, clock=FakeClock(), execute=host.apply)


def taking(world: World, duration: timedelta) -> Callable[[Op], object]:
    def execute(op: Op) -> None:
        world.clock.advance(duration)
        world.host.apply(op)

    return execute

from typing import Any

import pytest

from tests.agent.engine.conftest import KINDS, ORIGIN, World, plan_of
from vigo.agent.engine.engine import Engine
from vigo.agent.engine.rendering import Accepted
from vigo.core.ids import ResourceId
from vigo.core.plan import PlannedResource


def declared(name: str, fields: dict[str, Any], **more: Any) -> PlannedResource:
    return PlannedResource(id=ResourceId(f"web/{name}"), type="file", origin=ORIGIN, fields=fields, **more)


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The contents of the files that were validated."""
    seen: list[str] = []
    kind = type(KINDS["file"])
    real = kind.validate

    def validate(self: Any, spec: Any) -> None:
        seen.append(spec.content)
        real(self, spec)

    monkeypatch.setattr(kind, "validate", validate)
    return seen


def test_a_declaration_is_accepted_once_until_its_values_differ(world: World, validated: list[str]) -> None:
    accepted = Accepted()
    file = declared("f", {"path": "/f"}, templates={"content": "{{ traits.a }}"})
    for trait in ("one", "one", "two", "two"):
        engine = Engine(world.host, world.execute, world.clock, kinds=KINDS, accepted=accepted)
        (result,) = engine.apply(plan_of(file), {"a": trait}, {})
        assert result.outcome in ("changed", "unchanged")
        assert world.host.read_text("/f") == trait
    assert validated == ["one", "two"]


def test_what_a_plan_no_longer_has_is_forgotten(world: World, validated: list[str]) -> None:
    accepted = Accepted()
    file, other = (declared(name, {"path": f"/{name}", "content": name}) for name in ("f", "g"))
    for plan in (plan_of(file, other), plan_of(other), plan_of(file, other)):
        Engine(world.host, world.execute, world.clock, kinds=KINDS, accepted=accepted).apply(plan, {}, {})
    assert validated == ["f", "g", "f"]

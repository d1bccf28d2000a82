from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.agent.engine.conftest import KINDS, ORIGIN, World, plan_of
from vigo.agent.engine.engine import Engine
from vigo.agent.engine.rendering import Accepted, spec_of
from vigo.core.errors import InvalidError
from vigo.core.ids import ResourceId
from vigo.core.plan import PlannedResource
from vigo.core.templates import Templates


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


TEMPLATES = (
    "{{ traits.a }}",
    "{{ traits.map.one }} {{ vars.v }}",
    "{% for key, value in traits.map.items() %}{{ key }}={{ value }} {% endfor %}",
    "{% set all = traits %}{{ all.a }}",
    "{{ traits['map'].one | default('none') }}",
    "{% if traits.b is defined %}{{ traits.b }}{% endif %}",
    "{% for traits in vars.list %}{{ traits.a }}{% endfor %}{{ traits.a }}",
    "{{ item }} {{ traits.a }}",
    "{{ read() }}",
    "{{ read() }} {{ traits.a }}",
)
VALUES = st.sampled_from(["x", "y", "", 1, True, 1.0, None])
TRAITS = st.fixed_dictionaries(
    {"a": VALUES, "map": st.dictionaries(st.sampled_from(["one", "items"]), VALUES)}, optional={"b": VALUES}
)


def told_by(accepted: Accepted, file: PlannedResource, templates: Templates, context: Any) -> object:
    """Return the declaration that is accepted, or why none is."""
    kind = KINDS["file"]
    try:
        return accepted.spec(file, kind, templates, context, lambda values: spec_of(file, kind, values))
    except InvalidError as error:
        return str(error)


@given(st.sampled_from(TEMPLATES), st.lists(st.tuples(TRAITS, VALUES, VALUES, VALUES), min_size=1, max_size=8))
def test_a_declaration_is_always_the_one_that_a_new_agent_would_accept(template: str, passes: list[Any]) -> None:
    """Whatever changes between two passes: traits, variables, an item, what a function reads."""
    accepted = Accepted()
    for traits, variable, item, read in passes:
        templates = Templates({"read": lambda read=read: read})
        context = {"traits": traits, "vars": {"v": variable, "list": [{"a": variable}]}, "item": item}
        file = declared("f", {"path": "/f"}, templates={"content": template}, locals={"item": item})
        told = [told_by(one, file, templates, context) for one in (accepted, Accepted())]
        assert told[0] == told[1]


def test_what_takes_in_the_same_is_rendered_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted, file = Accepted(), declared("f", {"path": "/f"}, templates={"content": "{{ traits.a }}"})
    rendered: list[str] = []
    real = Templates.value

    def value(self: Templates, source: str, context: Any) -> Any:
        rendered.append(context["traits"]["a"])
        return real(self, source, context)

    monkeypatch.setattr(Templates, "value", value)
    for trait in ("one", "one", "one", "one", "two", "two"):
        engine = Engine(world.host, world.execute, world.clock, kinds=KINDS, accepted=accepted)
        engine.apply(plan_of(file), {"a": trait, "load": len(rendered)}, {})
    assert rendered == ["one", "one", "two"]


def test_what_a_plan_no_longer_has_is_forgotten(world: World, validated: list[str]) -> None:
    accepted = Accepted()
    file, other = (declared(name, {"path": f"/{name}", "content": name}) for name in ("f", "g"))
    for plan in (plan_of(file, other), plan_of(other), plan_of(file, other)):
        Engine(world.host, world.execute, world.clock, kinds=KINDS, accepted=accepted).apply(plan, {}, {})
    assert validated == ["f", "g", "f"]

from typing import Any

import pytest

from tests.agent.engine.conftest import ORIGIN, World, make_world, planned
from vigo.core.ids import ResourceId
from vigo.core.plan import PlannedResource


def file(name: str, fields: dict[str, Any] | None = None, type_: str = "file", **templates: Any) -> PlannedResource:
    given = {"path": f"/{name}"} if fields is None else fields
    return PlannedResource(id=ResourceId(f"web/{name}"), type=type_, origin=ORIGIN, fields=given, templates=templates)


def test_all_conditions_must_hold(world: World) -> None:
    results = world.run(planned("a", conditions=["os_family('debian')", "traits.os.family == 'suse'"]))
    assert results["a"].outcome == "skipped"
    assert results["a"].reason == "its condition is false: traits.os.family == 'suse'"


def test_a_false_condition_does_not_skip_the_dependents(world: World) -> None:
    results = world.run(planned("a", conditions=["false"]), planned("b", depends_on=["a"]))
    assert results["b"].outcome == "changed"


def test_a_condition_over_a_missing_trait_fails_with_its_text_and_place(world: World) -> None:
    result = world.run(planned("a", conditions=["traits.os.flavour == 'x'"]))["a"]
    assert result.outcome == "failed"
    assert "`traits.os.flavour == 'x'` (web.vgo:3:5)" in result.reason
    assert "vigo traits" in result.reason


def test_a_condition_sees_what_earlier_resources_did(world: World) -> None:
    results = world.run(planned("a"), planned("b", conditions=["file_exists('/a')"]))
    assert results["b"].outcome == "changed"


@pytest.mark.parametrize(
    ("value", "written"), [(80, "80"), ("0644", "0644"), (True, "true"), (1.5, "1.5"), ([1], "[1]"), ("", "")]
)
def test_a_text_field_gets_text_whatever_the_expression_yields(value: object, written: str) -> None:
    world = make_world()
    result = world.run(file("a", content="{{ vars.value }}"), value=value)["a"]
    assert result.outcome == "changed"
    assert world.host.read_text("/a") == written


def test_a_field_of_another_type_keeps_the_values_own(world: World) -> None:
    result = world.run(
        file("a", {"shell": "x"}, "exec", returns="{{ vars.codes }}", environment={"PORT": "{{ vars.port }}"}),
        codes=[0, 3],
        port=80,
    )["a"]
    (op,) = world.host.runs
    assert result.outcome == "changed"
    assert op.returns == (0, 3)
    assert op.environment == {"PORT": "80"}


def test_a_list_of_texts_may_come_from_numbers(world: World) -> None:
    world.run(file("a", {}, "exec", command=["echo", "{{ vars.port }}"]), port=80)
    world.run(file("a", {}, "exec", command="{{ vars.words }}"), words=["echo", 81])
    assert [op.argv for op in world.host.runs] == [("echo", "80"), ("echo", "81")]


def test_a_templated_boolean_may_be_text(world: World) -> None:
    result = world.run(file("a", backup="{{ 'true' }}"))["a"]
    assert result.outcome == "changed"


def test_what_a_template_yields_is_not_rendered_again(world: World) -> None:
    world.run(file("a", content="{{ vars.hostile }}"), hostile="{{ 7 * 7 }}")
    assert world.host.read_text("/a") == "{{ 7 * 7 }}"


def test_loop_locals_are_seen() -> None:
    world = make_world()
    resource = PlannedResource(
        id=ResourceId("web/a"),
        type="file",
        origin=ORIGIN,
        fields={"path": "/a"},
        templates={"content": "{{ item.name }} {{ key }} {{ traits.os.family }}"},
        locals={"item": {"name": "n"}, "key": "k"},
    )
    world.run(resource)
    assert world.host.read_text("/a") == "n k debian"


def test_a_missing_name_in_a_template_fails_with_the_field_and_the_place(world: World) -> None:
    result = world.run(file("a", content="x {{ vars.nowhere }}"))["a"]
    assert result.outcome == "failed"
    assert result.reason.startswith("content (web.vgo:3:5): ")


def test_a_value_that_does_not_fit_names_the_field(world: World) -> None:
    result = world.run(file("a", backup="{{ vars.word }}"), word="perhaps")["a"]
    assert result.outcome == "failed"
    assert result.reason.startswith("backup (web.vgo:3:5): ")

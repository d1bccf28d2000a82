from vigo.core.encoding import decode, encode
from vigo.core.ids import ResourceId
from vigo.core.plan import Condition, Origin, Plan, PlannedResource

ORIGIN = Origin("configcrates/web.vgo", 7, 5)


def test_a_place_is_written_as_editors_take_it() -> None:
    assert str(ORIGIN) == "configcrates/web.vgo:7:5"


def test_a_resource_belongs_to_the_configcrate_in_its_id() -> None:
    assert PlannedResource(id=ResourceId("web/a/b"), type="file", origin=ORIGIN).configcrate == "web"


def test_a_plan_is_read_back_with_the_types_of_its_fields() -> None:
    resource = PlannedResource(
        id=ResourceId("web/conf"),
        type="file",
        origin=ORIGIN,
        fields={"mode": "0644", "count": 3, "ratio": 0.5, "on": True, "list": ["a"], "none": None},
        templates={"content": "{{ vars.port }}"},
        locals={"item": 1},
        conditions=(Condition("vars.on", ORIGIN),),
        depends_on=(ResourceId("web/dir"),),
        notify=(ResourceId("web/restart"),),
        timeout_seconds=1.5,
        on_failure="stop",
        noop=True,
    )
    plan = Plan(entry=ORIGIN, match=("web-*",), scopes={"web": {"port": 80}}, resources=(resource,))
    assert decode(encode(plan), Plan) == plan

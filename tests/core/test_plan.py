from datetime import time

import msgspec
from msgspec import UNSET

from vigo.core.encoding import decode, digest, encode, encode_as_written
from vigo.core.ids import ResourceId
from vigo.core.plan import Condition, Origin, Plan, PlannedResource, Retry
from vigo.core.windows import Window

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


def test_a_plan_without_settings_and_retries_has_the_bytes_that_it_had_before_there_were_any() -> None:
    resource = PlannedResource(id=ResourceId("web/conf"), type="file", origin=ORIGIN, fields={"path": "/a"})
    encoded = encode_as_written(Plan(entry=ORIGIN, match=("web-*",), resources=(resource,)))
    assert digest(encoded) == "b967001fd19d450cc5cf86ee9fc5d2589dcefefd8e2345b9ba3d200dae94995e"
    new = {"noop_configcrates", "windows", "reconverge", "retries"}
    plan = msgspec.msgpack.decode(encoded)
    assert not new & (plan.keys() | plan["resources"][0].keys())
    assert "noop" not in plan


def test_settings_and_retries_are_read_back() -> None:
    retry = Retry(times=3, delay_seconds=0.5)
    plan = Plan(
        entry=ORIGIN,
        match=("web-*",),
        retries={ResourceId("web/conf"): retry},
        noop=ORIGIN,
        noop_configcrates={"web": ORIGIN},
        windows=(Window(days=("sat",), start=time(22), end=time(4), timezone="UTC"),),
        reconverge="interval",
    )
    assert decode(encode_as_written(plan), Plan) == plan
    assert plan.retry(ResourceId("web/conf")) == retry
    assert plan.retry(ResourceId("web/other")) is None


def test_a_plan_of_an_older_server_has_none_of_them() -> None:
    older = msgspec.to_builtins(Plan(entry=ORIGIN, match=("web-*",)))
    plan = decode(encode(older), Plan)
    settings = (plan.noop, plan.noop_configcrates, plan.windows, plan.reconverge, plan.retries)
    assert all(one is UNSET for one in settings)

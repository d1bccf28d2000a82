import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.server.harness import Machine, Server, enrol_request, post_enrolment, served
from vigo.core.errors import ReplayedError
from vigo.core.wire.messages import Methods


async def _audited(server: Server, action: str) -> list[str]:
    return list(
        server.app.database.read_now(
            lambda c: c.exec_driver_sql(f"SELECT detail FROM audit WHERE action='{action}'").scalars().all()  # noqa: S608 - the test's own literal
        )
    )


async def _uses_left(server: Server) -> list[int]:
    items: list[dict[str, Any]] = (await server.request("GET", "/api/v1/tokens")).json()["items"]
    return [item["uses_left"] for item in items]


@served
async def test_23_a_token_that_is_used_up_is_refused_and_audited(server: Server, tmp: Path) -> None:
    token = (await server.token("web-*", uses=1))["token"]
    assert (await post_enrolment(server, enrol_request(token, "web-1"))).status_code == 200
    answer = await post_enrolment(server, enrol_request(token, "web-2"))
    assert answer.status_code == 401
    assert "has been used 1 of 1 times" in answer.json()["detail"]
    assert any("web-2" in detail for detail in await _audited(server, "enrol.refused"))


@served
async def test_23_every_enrolment_says_by_whose_token(server: Server, tmp: Path) -> None:
    made = await server.token("web-*", uses=2)
    envoy = (await post_enrolment(server, enrol_request(made["token"], "web-1"))).json()["envoy"]
    rows = server.app.database.read_now(
        lambda c: c.exec_driver_sql("SELECT actor, subject, detail FROM audit WHERE action='envoy.enrol'").all()
    )
    assert [(row.actor, row.subject) for row in rows] == [(f"token {made['id']}", envoy)]
    assert json.loads(rows[0].detail) == {
        "hostname": "web-1",
        "token": made["id"],
        "token_by": "admin",
        "repeat": False,
        "anew": False,
    }


@served
async def test_23_two_racing_uses_of_a_last_use_give_one_identity(server: Server, tmp: Path) -> None:
    token = (await server.token("web-*", uses=1))["token"]
    answers = await asyncio.gather(*(post_enrolment(server, enrol_request(token, f"web-{n}")) for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
    assert await _uses_left(server) == [0]
    assert len((await server.request("GET", "/api/v1/envoys")).json()["items"]) == 1


@served
async def test_23_an_expired_token_is_refused_also_for_a_repeat(server: Server, tmp: Path) -> None:
    token = (await server.token(ttl_seconds=60, uses=2))["token"]
    request = enrol_request(token, "web-1")
    assert (await post_enrolment(server, request)).status_code == 200
    server.clock.advance(timedelta(seconds=60))
    for again in (request, enrol_request(token, "web-2")):
        answer = await post_enrolment(server, again)
        assert answer.status_code == 401
        assert "expired at" in answer.json()["detail"]


@served
async def test_23_a_withdrawn_token_is_as_good_as_unknown_and_keeps_who_used_it(server: Server, tmp: Path) -> None:
    made = await server.token(uses=2)
    assert (await post_enrolment(server, enrol_request(made["token"], "web-1"))).status_code == 200
    assert (await server.request("DELETE", f"/api/v1/tokens/{made['id']}")).status_code == 204
    refused = await post_enrolment(server, enrol_request(made["token"], "web-2"))
    unknown = await post_enrolment(server, enrol_request("vigo-" + "a" * 52, "web-2"))
    assert refused.json() == unknown.json()
    assert (await server.request("GET", "/api/v1/tokens")).json()["items"] == []
    assert (await server.request("GET", "/api/v1/envoys/web-1")).json()["status"] == "active"
    assert (await server.request("DELETE", f"/api/v1/tokens/{made['id']}")).status_code == 404


@served
async def test_23_a_token_withdrawn_between_the_look_and_the_use_is_refused(server: Server, tmp: Path) -> None:
    from vigo.server.features.tokens import store  # noqa: PLC0415 - the moment between the two lies inside

    made = await server.token(uses=2)
    token = await server.app.database.read(lambda c: store.in_force(c)[0])
    await server.request("DELETE", f"/api/v1/tokens/{made['id']}")
    assert not await server.app.database.write(lambda c: store.take_use(c, token.id))


@served
async def test_23_a_token_opens_the_names_that_it_was_made_for_only(server: Server, tmp: Path) -> None:
    token = (await server.token("web-*.example.com", uses=9))["token"]
    for name in ("db-1.example.com", "web-1.example.org", "web-1.example.com.evil.org", "xweb-1.example.com", "web-1"):
        answer = await post_enrolment(server, enrol_request(token, name))
        assert answer.status_code == 403
        assert "this token is for hostnames like 'web-*.example.com'" in answer.json()["detail"]
    assert await _uses_left(server) == [9]
    assert (await post_enrolment(server, enrol_request(token, "WEB-1.example.com."))).status_code == 200


@served
async def test_23_a_name_that_is_taken_cannot_be_taken_over(server: Server, tmp: Path) -> None:
    victim = await Machine.enrolled(server, tmp / "a", "web-1")
    token = (await server.token(uses=9))["token"]
    for name in ("web-1", "WEB-1", "web-1."):
        assert (await post_enrolment(server, enrol_request(token, name))).status_code == 409
    assert (await server.request("GET", "/api/v1/envoys/web-1")).json()["id"] == victim.id


@served
async def test_23_one_identity_on_two_machines_is_noticed(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "a", "web-1") as original:
        copy = Machine(server, tmp / "a", original.identity)
        await original.check_in()
        await copy.greet()
        await copy.check_in()
        with pytest.raises(ReplayedError, match="a second machine with this identity"):
            await original.call(Methods.CHECK_IN, sequence=copy.sequence)
        await copy.connection.close()
    await server.app.envoys.flush()
    assert len(await _audited(server, "call.refused")) == 1


@served
async def test_23_a_token_that_makes_no_sense_is_not_made(server: Server, tmp: Path) -> None:
    for bent in (
        {"hostname": ""},
        {"hostname": "~("},
        {"hostname": "a" * 1000},
        {"uses": 0},
        {"uses": -1},
        {"uses": 10**9},
        {"uses": True},
        {"uses": "one"},
        {"ttl_seconds": 0},
        {"ttl_seconds": 10**12},
        {"created_by": "admin"},
    ):
        body = {"hostname": "*", "ttl_seconds": 60, "uses": 1} | bent
        assert (await server.request("POST", "/api/v1/tokens", body)).status_code == 400, bent
    assert await _uses_left(server) == []

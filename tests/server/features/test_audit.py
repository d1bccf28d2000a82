import json
from pathlib import Path

from tests.server.harness import Machine, Server, served, without_audit
from vigo.server.platform.auth.actor import EVERYTHING, Actor


@served
async def test_acts_say_who_what_where_and_how_it_ended(server: Server, tmp: Path) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    async with server.client() as client:
        headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
        await client.post("/api/v1/tokens", json={"hostname": "*", "ttl_seconds": 60, "uses": 1}, headers=headers)
    machine = await Machine.enrolled(server, tmp / "web-1", "web-1")
    await server.request("POST", "/api/v1/envoys/web-1/revoke")
    found = (await server.request("GET", "/api/v1/audit")).json()["items"]
    by_action = {act["action"]: act for act in found}
    assert by_action["token.create"]["trace_id"] == trace
    assert by_action["envoy.revoke"]["subject"] == machine.id
    assert by_action["envoy.revoke"]["actor"] == "admin"
    assert {(act["outcome"], act["source"]) for act in found} == {("done", "127.0.0.1")}
    assert len({act["trace_id"] for act in found}) == len(found)
    assert [act["number"] for act in found] == sorted((act["number"] for act in found), reverse=True)


@served
async def test_acts_are_found_by_what_they_are(server: Server, tmp: Path) -> None:
    for _ in range(3):
        await server.token()
    await server.publish()

    async def numbers(query: str) -> list[int]:
        return [act["number"] for act in (await server.request("GET", f"/api/v1/audit?{query}")).json()["items"]]

    assert await numbers("action=token.create") == [3, 2, 1]
    assert await numbers("action=generation.") == [4]
    assert await numbers("action=token") == []
    assert await numbers("action=%25.") == []
    assert await numbers("actor=ada") == []
    assert await numbers("outcome=refused") == []
    page = (await server.request("GET", "/api/v1/audit?limit=3")).json()
    assert [act["number"] for act in page["items"]] == [4, 3, 2]
    assert await numbers(f"limit=3&cursor={page['next_cursor']}") == [1]


@served
async def test_30_the_chain_is_checked_and_exported_so_that_others_can(server: Server, tmp: Path) -> None:
    for _ in range(3):
        await server.token()
    chain = (await server.request("GET", "/api/v1/audit/chain")).json()
    rows = [json.loads(line) for line in (await server.request("GET", "/api/v1/audit/export")).text.splitlines()]
    assert (chain["rows"], chain["holds"], chain["last_hash"]) == (3, True, rows[-1]["hash"])
    assert [row["number"] for row in rows] == [1, 2, 3]
    altered = (
        ("UPDATE audit SET source='elsewhere' WHERE number=2", "UPDATE audit SET source='127.0.0.1' WHERE number=2"),
        ("UPDATE audit SET outcome=NULL WHERE number=2", "UPDATE audit SET outcome='done' WHERE number=2"),
        ("UPDATE audit SET outcome='refused' WHERE number=2", "UPDATE audit SET outcome='done' WHERE number=2"),
    )
    for change, undo in altered:
        await server.app.database.write(lambda connection, sql=change: connection.exec_driver_sql(sql))
        broken = (await server.request("GET", "/api/v1/audit/chain")).json()
        assert (broken["holds"], "from row 2 on" in broken["problem"]) == (False, True), change
        await server.app.database.write(lambda connection, sql=undo: connection.exec_driver_sql(sql))
    assert (await server.request("GET", "/api/v1/audit/chain")).json()["holds"]


@served
async def test_30_nobody_is_let_in_or_changed_without_a_row(server: Server, tmp: Path) -> None:
    body = {"name": "ada", "roles": ["admin"], "password": "a few words do well"}
    async with without_audit(server):
        assert (await server.request("POST", "/api/v1/users", body)).status_code == 503
    assert (await server.request("GET", "/api/v1/users")).json()["items"] == []
    assert (await server.request("POST", "/api/v1/users", body)).status_code == 201
    async with without_audit(server):
        assert (await server.request("PATCH", "/api/v1/users/ada", {"disabled": True})).status_code == 503
        assert (await server.request("DELETE", "/api/v1/users/ada")).status_code == 503
        answer = await server.request("POST", "/sign-in")
        assert answer.status_code == 403
    assert not (await server.request("GET", "/api/v1/users")).json()["items"][0]["disabled"]


@served
async def test_a_page_checks_what_came_since_and_tells_where_that_does_not_fit(server: Server, tmp: Path) -> None:
    await server.token()
    service, root = server.app.audit, Actor("admin", EVERYTHING)
    assert (await service.chain(root, whole=False)).rows == 1
    await server.token()
    assert (await service.chain(root, whole=False)).rows == 2
    sql = "UPDATE audit SET actor='ben' WHERE number=1"
    await server.app.database.write(lambda connection: connection.exec_driver_sql(sql))
    assert (await service.chain(root, whole=False)).holds  # that one was checked before
    assert not (await service.chain(root)).holds
    assert not (await service.chain(root, whole=False)).holds  # and is looked at again once it was found

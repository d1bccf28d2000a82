from pathlib import Path

from tests.server.harness import Machine, Server, enrol_request, post_enrolment, served, without_audit
from vigo.agent.identity.tls import new_key, signing_request
from vigo.core.errors import UnavailableError
from vigo.core.wire.messages import Methods, Renewal


@served
async def test_30_no_privileged_act_happens_without_its_row(server: Server, tmp: Path) -> None:
    made = await server.token("*", uses=5)
    access = {"name": "ci", "ttl_seconds": 60}
    kept = (await server.request("POST", "/api/v1/access-tokens", access)).json()
    server.write_stacks({"envoys.vgo": "one"})
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        async with without_audit(server):
            for verb, path, body in (
                ("POST", "/api/v1/tokens", {"hostname": "*", "ttl_seconds": 60, "uses": 1}),
                ("DELETE", f"/api/v1/tokens/{made['id']}", None),
                ("POST", "/api/v1/access-tokens", access),
                ("DELETE", f"/api/v1/access-tokens/{kept['id']}", None),
                ("POST", "/api/v1/envoys/a/revoke", None),
                ("POST", "/api/v1/generations", {"message": "m"}),
                ("POST", "/api/v1/generations/freeze", {"reason": "r", "ttl_seconds": 60}),
            ):
                assert (await server.request(verb, path, body)).status_code == 503, path
            assert (await post_enrolment(server, enrol_request(made["token"], "b"))).status_code == 503
            csr = Renewal(signing_request(new_key(), "a")).to_request_bytes()
            try:
                await machine.call(Methods.RENEW_CERTIFICATE, csr)
            except UnavailableError:
                renewed = False
            else:
                renewed = True
        assert not renewed
        await machine.check_in()
    tokens = (await server.request("GET", "/api/v1/tokens")).json()["items"]
    assert [(item["id"], item["uses_left"]) for item in tokens if item["uses"] == 5] == [(made["id"], 5)]
    assert [item["id"] for item in (await server.request("GET", "/api/v1/access-tokens")).json()["items"]] == [
        kept["id"]
    ]
    envoys = (await server.request("GET", "/api/v1/envoys")).json()["items"]
    assert [(item["hostname"], item["status"]) for item in envoys] == [("a", "active")]
    assert server.app.generations.live_number is None
    assert (await server.request("GET", "/api/v1/generations/status")).json()["freeze"] is None
    async with server.client(kept["token"]) as client:
        assert (await client.get("/api/v1/envoys")).status_code == 200


@served
async def test_30_every_privileged_act_has_its_row_and_the_chain_holds(server: Server, tmp: Path) -> None:
    made = await server.token("*", uses=5)
    kept = (await server.request("POST", "/api/v1/access-tokens", {"name": "ci", "ttl_seconds": 60})).json()
    server.write_stacks({"envoys.vgo": "one"})
    await server.publish()
    server.write_stacks({"envoys.vgo": "two"})
    await server.publish()
    await server.request("POST", "/api/v1/generations/1/rollback", {})
    await server.request("POST", "/api/v1/generations/freeze", {"reason": "r", "ttl_seconds": 60})
    await server.request("POST", "/api/v1/generations/unfreeze")
    async with await Machine.enrolled(server, tmp / "a", "a", made) as machine:
        await machine.call(Methods.RENEW_CERTIFICATE, Renewal(signing_request(new_key(), "a")).to_request_bytes())
    await server.request("POST", "/api/v1/envoys/a/revoke")
    await server.request("DELETE", f"/api/v1/tokens/{made['id']}")
    await server.request("DELETE", f"/api/v1/access-tokens/{kept['id']}")
    acts = server.app.database.read_now(
        lambda c: c.exec_driver_sql("SELECT action FROM audit ORDER BY number").scalars().all()
    )
    assert acts == [
        "token.create",
        "access-token.create",
        "generation.publish",
        "generation.publish",
        "generation.rollback",
        "generation.freeze",
        "generation.unfreeze",
        "envoy.enrol",
        "certificate.renew",
        "envoy.revoke",
        "token.withdraw",
        "access-token.withdraw",
    ]
    checks = (await server.request("GET", "/api/v1/health")).json()["checks"]
    assert next(check for check in checks if check["name"] == "audit trail")["status"] == "ok"

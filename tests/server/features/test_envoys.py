from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from tests.server.harness import Machine, Server, a_run, served
from vigo.core.encoding import digest_of
from vigo.core.errors import DamagedError, InvalidError, UnauthenticatedError
from vigo.core.traits import pack_traits
from vigo.core.wire.messages import Methods

TRAITS: dict[str, dict[str, Any]] = {"os": {"family": "debian"}}


async def _shown(server: Server, name: str) -> dict[str, Any]:
    answer = await server.request("GET", f"/api/v1/envoys/{name}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@served
async def test_an_envoy_is_listed_with_all_that_is_known_of_it(server: Server, tmp: Path) -> None:
    server.write_stacks({"envoys.vgo": "one"})
    await server.publish()
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        bundle = (await machine.check_in(agent_version="0.1.0")).bundle
        assert bundle is not None
        assert (await _shown(server, "web-1"))["convergence"] == "no-data"
        run = a_run(bundle_digest=bundle.digest)
        await machine.report(run)
        await machine.check_in(bundle_digest=bundle.digest, traits_digest=digest_of(TRAITS), traits=pack_traits(TRAITS))
    now = server.clock.now().isoformat().replace("+00:00", "Z")
    item = {
        "id": machine.id,
        "hostname": "web-1",
        "status": "active",
        "enrolled_at": now,
        "last_seen_at": now,
        "certificate_not_after": machine.identity.certificate_expires_at.isoformat().replace("+00:00", "Z"),
        "agent_version": "0.1.0",
        "entry": "envoys.vgo:2",
        "environment": "test",
        "roles": ["toy"],
        "generation": 1,
        "live_generation": 1,
        "connected_since": None,
        "labels": {},
        "copied_at": None,
        "clock_skew_seconds": None,
        "convergence": "converged",
        "drift": "none",
        "reachability": "reachable",
        "last_run": {
            "id": run.id,
            "started_at": run.started_at.isoformat().replace("+00:00", "Z"),
            "counts": {"unchanged": 0, "changed": 1, "failed": 0, "skipped": 0, "blocked": 0},
            "failed_since": None,
            "changed_in_a_row": 0,
        },
    }
    assert (await server.request("GET", "/api/v1/envoys")).json() == {"items": [item], "next_cursor": None}
    detail = await _shown(server, machine.id)
    assert {name: detail[name] for name in item} == item
    assert detail["traits"] == TRAITS
    assert [resource["id"] for resource in detail["resources"]] == ["toy/text"]


@served
async def test_a_repair_of_some_resources_can_make_the_state_worse_and_never_better(server: Server, tmp: Path) -> None:
    server.write_stacks({"envoys.vgo": "one"})
    await server.publish()
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        bundle = (await machine.check_in()).bundle
        assert bundle is not None
        whole, failed, good = (
            a_run(bundle_digest=bundle.digest),
            a_run(outcome="failed", bundle_digest=bundle.digest, partial=True, cause="event"),
            a_run(bundle_digest=bundle.digest, partial=True, cause="event"),
        )

        async def known() -> tuple[str, str, str | None]:
            shown = (await server.request("GET", "/api/v1/envoys/web-1")).json()
            return shown["convergence"], shown["last_run"]["id"], shown["last_run"]["failed_since"]

        await machine.report(whole)
        await machine.report(good)
        assert await known() == ("converged", whole.id, None)
        await machine.report(failed)
        assert await known() == ("failed", whole.id, failed.id)
        await machine.report(good)
        assert await known() == ("failed", whole.id, failed.id)
        again, worse = (
            a_run(bundle_digest=bundle.digest),
            a_run(outcome="failed", bundle_digest=bundle.digest, partial=True, cause="event"),
        )
        await machine.report(again)
        assert await known() == ("converged", again.id, None)
        await machine.report(worse)
    await server.restart()
    assert await known() == ("failed", again.id, worse.id)


@served
async def test_convergence_follows_the_last_run_and_the_live_generation(server: Server, tmp: Path) -> None:
    server.write_stacks({"envoys.vgo": "one"})
    await server.publish()
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        bundle = (await machine.check_in()).bundle
        assert bundle is not None
        for outcome, wanted in (("failed", "failed"), ("blocked", "degraded"), ("unchanged", "converged")):
            await machine.report(a_run(outcome=outcome, bundle_digest=bundle.digest))
            assert (await _shown(server, "web-1"))["convergence"] == wanted
        server.write_stacks({"envoys.vgo": "two"})
        await server.publish()
        found = await _shown(server, "web-1")
        assert (found["convergence"], found["generation"], found["live_generation"]) == ("degraded", 1, 2)


@served
async def test_envoys_are_filtered_by_name_and_status_in_pages(server: Server, tmp: Path) -> None:
    for name in ("web-2", "web-1", "db-1"):
        await Machine.enrolled(server, tmp / name, name)
    await server.request("POST", "/api/v1/envoys/db-1/revoke")

    async def names(query: str) -> list[str]:
        found, cursor = [], None
        while True:
            params = f"{query}&cursor={cursor}" if cursor else query
            page = (await server.request("GET", f"/api/v1/envoys?limit=1&{params}")).json()
            found += [item["hostname"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    assert await names("") == ["db-1", "web-1", "web-2"]
    assert await names("hostname=web-*") == ["web-1", "web-2"]
    assert await names("hostname=WEB-1.") == ["web-1"]
    assert await names("status=revoked") == ["db-1"]
    assert await names("status=active&hostname=db-*") == []
    for bad in ("status=fine", "hostname=~(", "limit=-1"):
        assert (await server.request("GET", f"/api/v1/envoys?{bad}")).status_code == 400


@served
async def test_24_a_revoked_envoy_is_refused_at_once_on_the_connection_that_it_holds(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        await machine.check_in()
        answer = await server.request("POST", "/api/v1/envoys/web-1/revoke")
        assert answer.json()["status"] == "revoked"
        for method in Methods.ALL:
            with pytest.raises(UnauthenticatedError, match="revoked"):
                await machine.call(method)
        await server.restart()
        await machine.reconnect()
        with pytest.raises(UnauthenticatedError, match="revoked"):
            await machine.greet()
    assert (await server.request("POST", "/api/v1/envoys/web-1/revoke")).status_code == 200
    assert (await server.request("POST", "/api/v1/envoys/nobody/revoke")).status_code == 404


@served
async def test_what_was_seen_outlives_a_restart(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        await machine.check_in(agent_version="1.2.3", bundle_digest="d" * 64)
        before, sequence = await _shown(server, "web-1"), machine.sequence
        await server.restart()
        assert await _shown(server, "web-1") == before
        await machine.reconnect()
        assert (await machine.greet()).sequence == sequence


@served
async def test_an_envoy_that_is_not_seen_is_named_by_the_health_check(server: Server, tmp: Path) -> None:
    await Machine.enrolled(server, tmp / "web-1", "web-1")
    server.clock.advance(timedelta(minutes=16))
    checks = (await server.request("GET", "/api/v1/health")).json()["checks"]
    assert next(check for check in checks if check["name"] == "envoys") == {
        "name": "envoys",
        "status": "warning",
        "detail": "1 of 1 do not call any more: web-1",
        "advice": "look at `vigo status` on these machines; revoke those that are gone",
    }


@served
async def test_traits_that_could_not_be_shown_are_refused(server: Server, tmp: Path) -> None:
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        for odd in (msgspec.msgpack.Ext(5, b"x"), {None: 1}, {True: 1}, {(1, 2): 3}, deep):
            with suppress(InvalidError, DamagedError):
                await machine.check_in(traits_digest="d" * 64, traits=_packed({"os": {"family": odd}}))
            assert (await server.request("GET", "/api/v1/envoys/web-1")).status_code == 200


def _packed(odd: object) -> bytes:
    return zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(odd))

import json
import re
from pathlib import Path

import pytest

from tests.gates.tree import ROOT
from tests.server.harness import Machine, Server, a_run, served
from vigo.core.ids import ResourceId
from vigo.core.run import Outcome, ResourceResult


async def _fleet(server: Server, tmp: Path, **outcomes: Outcome) -> None:
    await server.publish()
    for name, outcome in outcomes.items():
        hostname = name.replace("_", "-")
        machine = await Machine.enrolled(server, tmp / name, hostname)
        async with machine:
            await machine.check_in()
            bundle = server.app.generations.assignment(hostname)
            assert bundle is not None
            result = ResourceResult(id=ResourceId("a/b"), type="file", outcome=outcome)
            await machine.report(a_run(bundle_digest=bundle.bundle.digest, results=(result,)))


async def _names(server: Server, wanted: str, **more: str) -> list[str]:
    query = "&".join(f"{name}={value}" for name, value in {"filter": wanted, **more}.items())
    answer = await server.request("GET", f"/api/v1/fleet/envoys?{query}")
    assert answer.status_code == 200, answer.text
    return [item["hostname"] for item in answer.json()["items"]]


@served
async def test_the_summary_counts_active_envoys_by_each_axis(server: Server, tmp: Path) -> None:
    await _fleet(server, tmp, web_1="unchanged", web_2="failed", db_1="blocked")
    await server.request("POST", "/api/v1/envoys/web-2/revoke")
    found = (await server.request("GET", "/api/v1/fleet")).json()
    assert found["envoys"] == 2
    assert found["revoked"] == 1
    assert found["convergence"] == {"converged": 1, "degraded": 1, "failed": 0, "no-data": 0}
    assert found["reachability"] == {"reachable": 2, "stale": 0, "never": 0}
    assert sum(found["drift"].values()) == 2
    assert found["on_live_generation"] == 2


@served
async def test_filters_and_orders(server: Server, tmp: Path) -> None:
    await _fleet(server, tmp, web_1="unchanged", web_2="failed", db_1="blocked")
    assert await _names(server, "") == ["web-2", "db-1", "web-1"]
    assert await _names(server, "", order="hostname") == ["db-1", "web-1", "web-2"]
    assert await _names(server, "convergence:failed,degraded") == ["web-2", "db-1"]
    assert await _names(server, "-convergence:failed", order="hostname") == ["db-1", "web-1"]
    assert await _names(server, "host:web-* -2") == ["web-1"]
    assert await _names(server, "WEB", order="hostname") == ["web-1", "web-2"]
    assert await _names(server, "environment:test role:toy", order="hostname") == ["db-1", "web-1", "web-2"]
    assert await _names(server, "environment:production") == []
    assert await _names(server, "generation:1 connected:no", limit="2", order="hostname") == ["db-1", "web-1"]
    assert await _names(server, "generation:1", limit="2", offset="2", order="hostname") == ["web-2"]
    await server.request("POST", "/api/v1/envoys/web-2/revoke")
    assert "web-2" not in await _names(server, "")
    assert await _names(server, "status:revoked") == ["web-2"]


@pytest.mark.parametrize("wanted", ["convergence:wrong", "generation:x", "nothing:1", "host:~(", "drift:"])
def test_a_filter_that_cannot_be_understood_is_told(tmp_path: Path, wanted: str) -> None:
    async def check(server: Server, tmp: Path) -> None:
        answer = await server.request("GET", f"/api/v1/fleet/envoys?filter={wanted}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")

    served(check)(tmp_path)


@served
async def test_history_is_sampled_and_thinned_out(server: Server, tmp: Path) -> None:
    from datetime import timedelta  # noqa: PLC0415

    await _fleet(server, tmp, web_1="failed")
    for _ in range(90):
        await server.app.history.sample()
        server.clock.advance(timedelta(minutes=1))
    found = (await server.request("GET", "/api/v1/fleet/history?hours=24")).json()["samples"]
    assert len(found) == 90
    assert (found[0]["failed"], found[0]["envoys"], found[0]["check_ins"]) == (1, 1, 1)
    assert found[0]["check_in_p99_ms"] > 0
    assert found[1]["check_ins"] == 0
    server.clock.advance(timedelta(days=2))
    await server.app.history.sample()
    left = (await server.request("GET", "/api/v1/fleet/history?hours=100")).json()["samples"]
    assert 3 <= len(left) <= 4  # one an hour, and the new one
    server.clock.advance(timedelta(days=100))
    await server.app.history.sample()
    assert len((await server.request("GET", "/api/v1/fleet/history?hours=8000")).json()["samples"]) == 1


@served
async def test_what_had_to_be_brought_back_is_counted(server: Server, tmp: Path) -> None:
    machine = await Machine.enrolled(server, tmp / "web-1", "web-1")
    async with machine:
        for _ in range(3):
            await machine.report(a_run())
        repeated = a_run()
        await machine.report(repeated)
        await machine.report(repeated)
    found = (await server.request("GET", "/api/v1/fleet/history")).json()["drifting"]
    assert found == [{"resource": "toy/text", "count": 3}]  # the first run is no drift, and a run counts once


@served
async def test_metrics_have_the_names_and_units_of_prometheus(server: Server, tmp: Path) -> None:
    await _fleet(server, tmp, web_1="failed", web_2="unchanged")
    answer = await server.request("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert "vigo_envoys 2.0" in lines
    assert 'vigo_envoys_convergence{state="failed"} 1.0' in lines
    assert 'vigo_rpc_duration_seconds_count{code="ok",method="CheckIn"} 2.0' in lines
    assert any(line.startswith('vigo_http_duration_seconds_count{method="POST",status="2xx"}') for line in lines)
    ends = [float(line.split()[1]) for line in lines if line.startswith('vigo_certificate_expiry_seconds{of="envoy"}')]
    assert 29 * 86_400 < ends[0] <= 30 * 86_400


@served
async def test_events_tell_what_changed_and_end_with_the_token(server: Server, tmp: Path) -> None:
    made = (await server.request("POST", "/api/v1/access-tokens", {"name": "x", "ttl_seconds": 60})).json()
    told = []
    async with server.client(made["token"]) as client, client.stream("GET", "/api/v1/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            if line == ": alive":
                await Machine.enrolled(server, tmp / "web-1", "web-1")
            elif line.startswith("event: "):
                told.append(line)
                await server.request("DELETE", f"/api/v1/access-tokens/{made['id']}")
    assert told[0] == "event: fleet"


@served
async def test_envoys_are_grouped_by_what_they_have_in_common(server: Server, tmp: Path) -> None:
    assert (await server.request("GET", "/api/v1/fleet/groups?by=colour")).status_code == 400  # without envoys too
    await _fleet(server, tmp, web_1="unchanged", web_2="failed", db_1="blocked")

    async def groups(by: str) -> list[tuple[str, int, int]]:
        answer = await server.request("GET", f"/api/v1/fleet/groups?by={by}")
        assert answer.status_code == 200, answer.text
        return [(one["name"], one["envoys"], one["convergence"]["failed"]) for one in answer.json()["items"]]

    assert await groups("role") == [("toy", 3, 1)]
    assert await groups("environment") == [("test", 3, 1)]
    assert await groups("generation") == [("1", 3, 1)]
    assert await groups("label:team") == []
    first = (await server.request("GET", "/api/v1/fleet/groups?by=entry")).json()["items"][0]
    async with server.client() as client:
        listed = (await client.get("/api/v1/fleet/envoys", params={"filter": first["filter"]})).json()
    assert listed["found"] == first["envoys"] == 3
    assert (await server.request("GET", "/api/v1/fleet/groups?by=colour")).status_code == 400


@served
async def test_the_dashboard_asks_for_what_there_is(server: Server, tmp: Path) -> None:
    await _fleet(server, tmp, web_1="unchanged")
    told = set(re.findall(r"^([a-z_]+)[{ ]", (await server.request("GET", "/metrics")).text, re.MULTILINE))
    board = json.loads((ROOT / "packaging/grafana/vigo.json").read_text())
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"\b(?:vigo|process)_[a-z_]+", target["expr"])
    }
    assert len(asked) > 10
    assert asked <= told
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.server.harness import Machine, Server, compile_folder
from vigo.core.encoding import digest_of
from vigo.core.errors import ForbiddenError
from vigo.core.ids import EnvoyId
from vigo.core.traits import Traits, pack_traits
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.generations.models import CompiledStacks
from vigo.server.features.planning.models import PlanFilter
from vigo.server.features.planning.service import PlanningService
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission

PLAN = "/api/v1/plan"
DEBIAN: Traits = {"os": {"family": "debian"}}
FILE = '{name: conf, type: file, path: /etc/app, content: "%s"}'


def planned(test: Callable[[Server, Path], Awaitable[None]]) -> Callable[[Path], None]:
    """Return a test with a server of its own that compiles what operators write."""

    def run(tmp_path: Path) -> None:
        async def everything() -> None:
            server = Server(tmp_path / "data", compile_folder)
            await server.start()
            try:
                await test(server, tmp_path)
            finally:
                await server.stop()

        asyncio.run(everything())

    return run


def stacks(*resources: str, entries: str = '{match: "*", configcrates: [app]}') -> dict[str, str]:
    lines = "".join(f"  - {one}\n" for one in resources)
    crate = f"configcrate: app\nresources:{'' if resources else ' []'}\n{lines}"
    environments = "environments: {production: {}, staging: {}}\n"
    return {"configcrates/app.vgo": crate, "envoys.vgo": f"envoys: [{entries}]\n", "environments.vgo": environments}


async def enrolled(server: Server, tmp: Path, hostname: str, traits: Traits | None = None) -> Machine:
    """Return an enrolled machine that told its traits."""
    machine = await Machine.enrolled(server, tmp / hostname, hostname)
    async with machine:
        if traits is not None:
            await machine.check_in(traits_digest=digest_of(traits), traits=pack_traits(traits))
    return machine


async def plan(server: Server, query: str = "") -> dict[str, Any]:
    answer = await server.request("GET", PLAN + query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def resources(found: dict[str, Any]) -> list[tuple[list[str], str, str]]:
    return [(group["hosts"], one["action"], one["id"]) for group in found["groups"] for one in group["resources"]]


@planned
async def test_the_first_plan_compares_with_nothing_and_publishes_nothing(server: Server, tmp: Path) -> None:
    await enrolled(server, tmp, "web-1")
    server.write_stacks(stacks(FILE % "one"))
    found = await plan(server)
    assert (found["changes"], found["live"]) == (True, None)
    assert resources(found) == [(["web-1"], "added", "app/conf")]
    assert (await server.request("GET", "/api/v1/generations")).json()["items"] == []
    assert list(server.folder.live.iterdir()) == []
    published = await server.publish()
    assert published["generation"]["digest"] == found["stage_digest"]


@planned
async def test_the_stacks_are_held_against_the_live_generation(server: Server, tmp: Path) -> None:
    await enrolled(server, tmp, "web-1")
    server.write_stacks(stacks(FILE % "one", "{name: old, type: package}"))
    live = (await server.publish())["generation"]
    found = await plan(server)
    assert (found["changes"], found["live"], found["groups"]) == (False, live, [])
    server.write_stacks(stacks(FILE % "two"))
    found = await plan(server)
    assert resources(found) == [(["web-1"], "removed", "app/old"), (["web-1"], "changed", "app/conf")]
    assert found["groups"][0]["resources"][1]["fields"] == [
        {"name": "content", "before": "one", "after": "two", "diff": [], "note": ""}
    ]
    await server.restart()
    assert resources(await plan(server)) == resources(found)


@planned
async def test_what_envoys_told_decides_and_revoked_ones_do_not_count(server: Server, tmp: Path) -> None:
    for hostname, traits in (("a", DEBIAN), ("b", {"os": {"family": "redhat"}}), ("c", None), ("d", DEBIAN)):
        await enrolled(server, tmp, hostname, traits)
    await server.request("POST", "/api/v1/envoys/d/revoke")
    server.write_stacks(stacks("{name: a, type: file, path: /a, content: x, when: \"os_family('debian')\"}"))
    found = await plan(server)
    assert found["envoys"]["total"] == 3
    assert resources(found) == [(["a"], "added", "app/a"), (["c"], "added", "app/a")]
    certainties = [one["certainty"] for group in found["groups"] for one in group["resources"]]
    assert certainties == ["certain", "unknown"]
    assert found["unknown_hosts"] == ["c"]


@planned
async def test_traits_that_are_damaged_are_as_good_as_none(server: Server, tmp: Path) -> None:
    await enrolled(server, tmp, "a", DEBIAN)
    await server.app.database.write(lambda connection: connection.execute(text("UPDATE traits SET packed = x'00'")))
    server.write_stacks(stacks(FILE % "{{ traits.os.family }}"))
    found = await plan(server)
    assert found["unknown_hosts"] == ["a"]
    assert found["groups"][0]["resources"][0]["fields"][1]["after"] == "{{ traits.os.family }}"


@planned
async def test_stacks_with_errors_are_refused_as_when_they_are_validated(server: Server, tmp: Path) -> None:
    server.write_stacks(stacks("{name: a, type: fille}"))
    refused = await server.request("GET", PLAN)
    validated = await server.request("POST", "/api/v1/generations/validate")
    assert (refused.status_code, refused.json()) == (422, validated.json())
    assert refused.json()["diagnostics"][0]["file"] == "configcrates/app.vgo"
    assert list(server.folder.live.iterdir()) == []


@planned
async def test_warnings_stand_beside_the_plan(server: Server, tmp: Path) -> None:
    server.write_stacks(stacks(FILE % "x") | {"configcrates/idle.vgo": "configcrate: idle\n"})
    assert [one["code"] for one in (await plan(server))["warnings"]] == ["unused"]


@planned
async def test_a_plan_may_be_about_some_envoys(server: Server, tmp: Path) -> None:
    for hostname in ("web-1", "web-2", "db-1"):
        await enrolled(server, tmp, hostname)
    entries = '{match: "web-1", environment: staging, configcrates: [app]}, {match: "*", environment: production}'
    server.write_stacks(stacks(entries=entries))
    await server.publish()
    server.write_stacks(stacks(FILE % "x", entries=entries.replace("production", "staging")))
    for query, total in (("", 3), ("?host=web-*", 2), ("?host=WEB-1", 1), ("?environment=production", 2),
                         ("?environment=staging&host=*-1", 2)):  # fmt: skip
        assert (await plan(server, query))["envoys"]["total"] == total, query
    assert (await plan(server, "?host=web-*"))["only"] == {"host": "web-*", "environment": None}
    for query, status in (("?host=nobody", 404), ("?environment=test", 404), ("?host=~(", 400), ("?full=much", 400)):
        assert (await server.request("GET", PLAN + query)).status_code == status, query


@planned
async def test_a_large_fleet_is_told_in_short_or_in_full(server: Server, tmp: Path) -> None:
    now = server.clock.now()
    for number in range(250):
        name = f"web-{number:03}"
        server.app.envoys.index.add(EnvoyRecord(EnvoyId(name), name, b"", now, now))
    server.write_stacks(stacks(FILE % "x"))
    short, full = await plan(server), await plan(server, "?full=true")
    for found, hosts in ((short, 20), (full, 250)):
        (group,) = found["groups"]
        assert (group["envoys"], len(group["hosts"])) == (250, hosts)
    assert short["envoys"] == full["envoys"]


def _actor(*permissions: Permission) -> Actor:
    return Actor("ada", frozenset(permissions))


@planned
async def test_it_takes_the_permissions_to_validate_stacks_and_to_see_envoys(server: Server, tmp: Path) -> None:
    service = PlanningService(server.app.generations, server.app.envoys)
    everyone = PlanFilter()
    for actor in (_actor(Permission.VALIDATE_STACKS), _actor(Permission.READ_ENVOYS), _actor()):
        with pytest.raises(ForbiddenError):
            await service.plan(actor, everyone, in_full=False)
    found = await service.plan(_actor(Permission.VALIDATE_STACKS, Permission.READ_ENVOYS), everyone, in_full=False)
    assert not found.changes


@planned
async def test_planning_holds_nobody_up_and_only_one_plan_is_made_at_a_time(server: Server, tmp: Path) -> None:
    entered, go_on = threading.Semaphore(0), threading.Event()
    together: list[int] = []
    running = 0

    def slow(root: Path) -> CompiledStacks:
        nonlocal running
        running += 1
        together.append(running)
        entered.release()
        assert go_on.wait(30)
        running -= 1
        return compile_folder(root)

    server.app.generations._staging.compile = slow
    plans = [asyncio.ensure_future(server.request("GET", PLAN)) for _ in range(3)]
    await asyncio.to_thread(entered.acquire)
    async with server.client() as client:
        assert (await client.get("/healthz")).text == "ok\n"
    go_on.set()
    assert [one.status_code for one in await asyncio.gather(*plans)] == [200, 200, 200]
    assert together == [1, 1, 1]


@planned
async def test_the_turn_of_a_caller_that_is_gone_ends_before_the_next_one_begins(server: Server, tmp: Path) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def slow(root: Path) -> CompiledStacks:
        entered.set()
        assert go_on.wait(30)
        return compile_folder(root)

    server.app.generations._staging.compile = slow
    service = PlanningService(server.app.generations, server.app.envoys)
    actor = _actor(Permission.VALIDATE_STACKS, Permission.READ_ENVOYS)
    gone = asyncio.ensure_future(service.plan(actor, PlanFilter(), in_full=False))
    await asyncio.to_thread(entered.wait)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert service._planning.locked()
    go_on.set()
    assert not (await service.plan(actor, PlanFilter(), in_full=False)).changes


@planned
async def test_the_route_is_described(server: Server, tmp: Path) -> None:
    document = (await server.request("GET", "/api/v1/openapi.json")).json()
    described = document["paths"][PLAN]["get"]
    assert [one["name"] for one in described["parameters"]] == ["host", "environment", "full"]
    schema = document["components"]["schemas"]["StagePlan"]
    server.write_stacks(stacks())
    assert set((await plan(server)).keys()) == set(schema["properties"])


@planned
async def test_what_is_live_is_given_out_as_before(server: Server, tmp: Path) -> None:
    await enrolled(server, tmp, "web-1")
    server.write_stacks(stacks(FILE % "one"))
    await server.publish()
    before = server.app.generations.assignment("web-1")
    server.write_stacks(stacks(FILE % "two"))
    await plan(server)
    assert server.app.generations.assignment("web-1") is before


@planned
async def test_who_shows_no_token_sees_no_plan(server: Server, tmp: Path) -> None:
    async with httpx.AsyncClient(base_url=server.url, verify=server.context(), trust_env=False) as client:
        assert (await client.get(PLAN)).status_code == 401

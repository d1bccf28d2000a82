import asyncio
import math
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.server.harness import Machine, Server, a_run, served
from vigo.core.errors import ForbiddenError, InvalidError
from vigo.core.ids import ResourceId, RunId, new_run_id
from vigo.core.run import ResourceResult, Run
from vigo.server.platform.db.database import Database


@served
async def test_a_run_that_was_acknowledged_is_stored_also_when_the_server_dies_then(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        run = a_run()
        assert not (await machine.report(run)).stored_before
    # What a new process reads from the file, while the old one has flushed and closed nothing.
    for suffix in ("", "-wal"):
        shutil.copy(f"{server.folder.database}{suffix}", f"{tmp / 'copy.db'}{suffix}")
    database = Database(tmp / "copy.db")
    assert database.read_now(lambda c: c.exec_driver_sql("SELECT id FROM runs").scalars().all()) == [run.id]
    database.close()


@served
async def test_reporting_a_run_again_has_no_second_effect(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        run = a_run()
        assert not (await machine.report(run)).stored_before
        assert (await machine.report(run)).stored_before
        racing = a_run()
        service = server.app.runs
        answers = await asyncio.gather(*(service.keep(machine.id, "web-1", racing) for _ in range(5)))
        assert sorted(answers) == [False, True, True, True, True]
    listed = (await server.request("GET", "/api/v1/runs")).json()["items"]
    assert [item["id"] for item in listed] == [racing.id, run.id]


@served
async def test_03_a_run_of_another_envoy_cannot_be_taken(server: Server, tmp: Path) -> None:
    run = a_run()
    async with (
        await Machine.enrolled(server, tmp / "a", "a") as one,
        await Machine.enrolled(server, tmp / "b", "b") as other,
    ):
        await one.report(run)
        with pytest.raises(ForbiddenError, match="another envoy's"):
            await other.report(msgspec.structs.replace(run, duration_ms=1.0))
    shown = (await server.request("GET", f"/api/v1/runs/{run.id}")).json()
    assert shown["hostname"] == "a"
    assert shown["duration_ms"] == 12.5


@served
async def test_a_run_is_shown_with_the_outcome_of_every_resource(server: Server, tmp: Path) -> None:
    run = a_run(outcome="failed", offline=True, dropped_runs=2, cause="event", partial=True)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        await machine.report(run)
    shown = (await server.request("GET", f"/api/v1/runs/{run.id}")).json()
    assert shown == {
        "id": run.id,
        "envoy": machine.id,
        "hostname": "web-1",
        "generation": 1,
        "started_at": run.started_at.isoformat().replace("+00:00", "Z"),
        "received_at": server.clock.now().isoformat().replace("+00:00", "Z"),
        "duration_ms": 12.5,
        "offline": True,
        "dropped_runs": 2,
        "cause": "event",
        "partial": True,
        "outcome": "failed",
        "counts": {"unchanged": 0, "changed": 0, "failed": 1, "skipped": 0, "blocked": 0},
        "results": [
            {
                "id": "toy/text",
                "type": "file",
                "outcome": "failed",
                "changed": [],
                "ops": [],
                "diff": "",
                "reason": "because",
                "duration_ms": 0.0,
            }
        ],
    }


@served
async def test_runs_are_listed_by_envoy_and_outcome_in_pages(server: Server, tmp: Path) -> None:
    runs = {}
    for name in ("a", "b"):
        async with await Machine.enrolled(server, tmp / name, name) as machine:
            runs[name] = [a_run(outcome="failed" if number == 0 else "unchanged") for number in range(3)]
            for run in runs[name]:
                await machine.report(run)

    async def ids(query: str) -> list[str]:
        found, cursor = [], ""
        while True:
            page = (await server.request("GET", f"/api/v1/runs?limit=2{query}{cursor}")).json()
            found += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    newest_first = [run.id for name in ("b", "a") for run in reversed(runs[name])]
    assert await ids("") == newest_first
    assert await ids("&envoy=a") == newest_first[3:]
    assert await ids(f"&envoy={machine.id}") == newest_first[:3]
    assert await ids("&outcome=failed") == [runs["b"][0].id, runs["a"][0].id]
    assert await ids("&envoy=nobody") == []


@served
async def test_a_question_that_makes_no_sense_is_refused_and_never_a_fault(server: Server, tmp: Path) -> None:
    for path in (
        "/api/v1/runs?limit=0",
        "/api/v1/runs?limit=100000",
        "/api/v1/runs?limit=x",
        "/api/v1/runs?cursor=x",
        "/api/v1/runs?cursor=" + "9" * 40,
        "/api/v1/runs?outcome=fine",
        "/api/v1/runs/x",
        "/api/v1/runs/%00",
        "/api/v1/runs/..%2f..%2fetc",
    ):
        assert (await server.request("GET", path)).status_code in (400, 404), path
    assert (await server.request("GET", f"/api/v1/runs/{new_run_id()}")).status_code == 404


def _changed(**other: object) -> Run:
    return a_run(**other)  # type: ignore[arg-type] # what a liar sends


@served
async def test_numbers_that_no_database_or_json_holds_are_refused(server: Server, tmp: Path) -> None:
    result = ResourceResult(id=ResourceId("a/b"), type="file", outcome="changed")
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        for run in (
            _changed(duration_ms=math.nan),
            _changed(duration_ms=math.inf),
            _changed(duration_ms=-1.0),
            _changed(generation=2**64 - 1),
            _changed(dropped_runs=2**63),
            _changed(results=(result, result)),
            _changed(results=(msgspec.structs.replace(result, duration_ms=math.nan),)),
        ):
            with pytest.raises(InvalidError):
                await machine.report(run)
        await machine.report(_changed(started_at=datetime(9999, 12, 31, tzinfo=UTC), results=()))


@served
async def test_old_and_surplus_runs_go_and_the_last_of_each_envoy_stays(server: Server, tmp: Path) -> None:
    kept: list[RunId] = []
    server.app.settings.value = msgspec.structs.replace(
        server.settings, keep_runs_count=2, keep_runs_for=timedelta(days=5)
    )
    for name in ("a", "b"):
        async with await Machine.enrolled(server, tmp / name, name) as machine:
            runs = [a_run() for _ in range(4)]
            for run in runs:
                await machine.report(run)
            kept += [run.id for run in runs]
    await server.app.runs.prune()
    assert {item["id"] for item in (await server.request("GET", "/api/v1/runs")).json()["items"]} == {
        kept[2],
        kept[3],
        kept[6],
        kept[7],
    }
    server.clock.advance(timedelta(days=6))
    await server.app.runs.prune()
    assert {item["id"] for item in (await server.request("GET", "/api/v1/runs")).json()["items"]} == {kept[3], kept[7]}
    assert server.app.database.read_now(lambda c: c.exec_driver_sql("SELECT count(*) FROM results").scalar()) == 2

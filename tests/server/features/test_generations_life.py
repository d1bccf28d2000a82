import asyncio
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.harness import Server, served, toy_compile
from vigo.core.errors import ForbiddenError
from vigo.core.ids import GenerationNumber
from vigo.server.features.generations.models import CompiledStacks, NewFreeze
from vigo.server.features.generations.snapshot import LiveFolder
from vigo.server.platform.auth.actor import EVERYTHING, Actor
from vigo.server.platform.auth.table import Permission

GENERATIONS = "/api/v1/generations"
HOUR = timedelta(hours=1)


class KilledError(Exception):
    pass


async def _published(server: Server, *texts: str) -> None:
    for text in texts:
        server.write_stacks({"envoys.vgo": text})
        await server.publish(text)


async def _roll_back(server: Server, number: object, **body: Any) -> httpx.Response:
    return await server.request("POST", f"{GENERATIONS}/{number}/rollback", body)


async def _freeze(server: Server, **body: Any) -> httpx.Response:
    return await server.request("POST", f"{GENERATIONS}/freeze", {"reason": "the release"} | body)


async def _status(server: Server) -> dict[str, Any]:
    answer = await server.request("GET", f"{GENERATIONS}/status")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _live_text(server: Server) -> str:
    name = (server.folder.live / "current").read_text().strip()
    return (server.folder.live / name / "stacks" / "envoys.vgo").read_text()


@served
async def test_going_back_makes_a_new_generation_of_the_former_content(server: Server, tmp: Path) -> None:
    await _published(server, "one", "two")
    answer = await _roll_back(server, 1)
    assert answer.status_code == 201
    done = answer.json()
    assert (done["generation"]["number"], done["generation"]["message"]) == (3, "roll back to generation 1")
    listed = (await server.request("GET", GENERATIONS)).json()["items"]
    assert [(item["number"], item["live"]) for item in listed] == [(3, True), (2, False), (1, False)]
    assert listed[0]["digest"] == listed[2]["digest"]
    assert _live_text(server) == "one"
    assigned = server.app.generations.assignment("web-1")
    assert assigned is not None
    await server.restart()
    assert server.app.generations.live_number == 3
    again = server.app.generations.assignment("web-1")
    assert again is not None
    assert again.bundle.digest == assigned.bundle.digest


@served
async def test_going_back_leaves_the_stacks_alone_and_tells_how_they_differ(server: Server, tmp: Path) -> None:
    server.write_stacks({"envoys.vgo": "one", "a.vgo": "a"})
    await server.publish()
    await _published(server, "two")
    server.write_stacks({"envoys.vgo": "two", "b.vgo": "b"})
    done = (await _roll_back(server, 1, message="it was slow")).json()
    assert done["generation"]["message"] == "it was slow"
    assert done["stacks"] == {"added": ["b.vgo"], "changed": ["envoys.vgo"], "removed": ["a.vgo"], "problem": None}
    assert (server.folder.stacks / "envoys.vgo").read_text() == "two"
    shutil.rmtree(server.folder.stacks)
    assert "found none" in (await _roll_back(server, 2)).json()["stacks"]["problem"]


@served
async def test_going_back_to_the_content_that_is_live_changes_nothing(server: Server, tmp: Path) -> None:
    await _published(server, "one")
    answer = await _roll_back(server, 1)
    assert (answer.status_code, answer.json()["unchanged"]) == (200, True)
    assert answer.json()["generation"]["number"] == 1


@served
async def test_there_is_no_going_back_to_what_was_never_published(server: Server, tmp: Path) -> None:
    assert (await _roll_back(server, 1)).status_code == 404
    await _published(server, "one")
    for number, status in ((7, 404), (0, 400), ("-1", 400), ("x", 400), ("1e3", 400), (10**30, 400)):
        answer = await _roll_back(server, number)
        assert (answer.status_code, number) == (status, number)
        assert "vigocli config history" in answer.json()["detail"]
    assert (await _roll_back(server, 1, message=" ")).status_code == 400
    assert (await _roll_back(server, 1, force=True)).status_code == 400


@served
async def test_a_generation_that_this_version_does_not_compile_is_refused(server: Server, tmp: Path) -> None:
    await _published(server, "one", "two")

    def newer_refuses(root: Path) -> CompiledStacks:
        compiled = toy_compile(root)
        if (root / "envoys.vgo").read_text() == "one":
            (root / "envoys.vgo").write_text("error")
            compiled = toy_compile(root)
        return compiled

    server.compiler = newer_refuses
    await server.restart()
    answer = await _roll_back(server, 1)
    assert answer.status_code == 422
    problem = answer.json()
    assert "generation 1 does not compile with this version" in problem["detail"]
    assert problem["diagnostics"][0]["line"] == 3
    assert server.app.generations.live_number == 2
    assert len(list(server.folder.live.iterdir())) == 3


@served
async def test_28_there_is_no_going_back_to_a_damaged_generation(server: Server, tmp: Path) -> None:
    await _published(server, "one", "two")
    first = next(server.folder.live.glob("1-*"))
    (first / "stacks" / "envoys.vgo").write_text("evil")
    answer = await _roll_back(server, 1)
    assert (answer.status_code, answer.json()["code"]) == (500, "damaged")
    assert _live_text(server) == "two"


@served
async def test_a_crash_at_any_step_of_going_back_leaves_the_old_or_the_new_generation(
    server: Server, tmp: Path
) -> None:
    await _published(server, "one", "two")

    def killed(*_: object) -> None:
        raise KilledError

    for step in ("stage", "keep", "make_live"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LiveFolder, step, killed)
            assert (await _roll_back(server, 1)).status_code == 500
        await server.restart()
        assert (server.app.generations.live_number, server.app.generations.problem) == (2, None)
        assert _live_text(server) == "two"
    assert (await _roll_back(server, 1)).json()["generation"]["live"]
    assert _live_text(server) == "one"


@served
async def test_a_publication_over_a_newer_generation_than_its_author_knows_is_refused(
    server: Server, tmp: Path
) -> None:
    server.write_stacks({"envoys.vgo": "one"})
    assert (await server.request("POST", GENERATIONS, {"message": "m", "base": 0})).status_code == 201
    server.write_stacks({"envoys.vgo": "two"})
    for base in (2, -1):
        assert (await server.request("POST", GENERATIONS, {"message": "m", "base": base})).status_code == 400
    assert (await server.request("POST", GENERATIONS, {"message": "by ada", "base": 1})).status_code == 201
    server.write_stacks({"envoys.vgo": "three"})
    answer = await server.request("POST", GENERATIONS, {"message": "m", "base": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "found generation 2 of admin (by ada)" in answer.json()["detail"]
    assert _live_text(server) == "two"


@served
async def test_of_two_publications_with_one_base_one_is_refused(server: Server, tmp: Path) -> None:
    await _published(server, "one")
    server.write_stacks({"envoys.vgo": "two"})
    body = {"message": "m", "base": 1}
    answers = await asyncio.gather(*(server.request("POST", GENERATIONS, body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


@served
async def test_in_a_freeze_nothing_is_published_and_who_why_and_until_is_told(server: Server, tmp: Path) -> None:
    await _published(server, "one", "two")
    until = server.clock.now() + HOUR
    frozen = await _freeze(server, until=until.isoformat())
    assert frozen.status_code == 200, frozen.text
    assert (frozen.json()["frozen_by"], frozen.json()["reason"]) == ("admin", "the release")
    server.write_stacks({"envoys.vgo": "three"})
    for answer in (await server.request("POST", GENERATIONS, {"message": "m"}), await _roll_back(server, 1)):
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        for told in ("admin", "the release", f"{until:%Y-%m-%d %H:%M:%S} UTC", "vigocli config unfreeze"):
            assert told in answer.json()["detail"]
    assert _live_text(server) == "two"
    assert (await server.request("POST", f"{GENERATIONS}/validate")).status_code == 200


@served
async def test_a_freeze_outlives_a_restart_and_lapses_by_itself(server: Server, tmp: Path) -> None:
    assert (await _freeze(server, ttl_seconds=3600)).status_code == 200
    await server.restart()
    server.write_stacks({"envoys.vgo": "one"})
    assert (await server.request("POST", GENERATIONS, {"message": "m"})).status_code == 409
    server.clock.advance(HOUR)
    assert (await _status(server))["freeze"] is None
    assert (await server.request("POST", GENERATIONS, {"message": "m"})).status_code == 201


@served
async def test_lifting_a_freeze_tells_which_and_without_one_does_nothing(server: Server, tmp: Path) -> None:
    await _freeze(server, ttl_seconds=60)
    await _freeze(server, ttl_seconds=7200, reason="longer")
    assert (await _status(server))["freeze"]["reason"] == "longer"
    lifted = (await server.request("POST", f"{GENERATIONS}/unfreeze")).json()
    assert lifted["freeze"]["reason"] == "longer"
    assert (await server.request("POST", f"{GENERATIONS}/unfreeze")).json() == {"freeze": None}
    await _published(server, "one")


@served
async def test_a_freeze_has_a_reason_and_an_end_within_a_year(server: Server, tmp: Path) -> None:
    now = server.clock.now()
    for body in (
        {},
        {"ttl_seconds": 60, "until": (now + HOUR).isoformat()},
        {"ttl_seconds": 0},
        {"ttl_seconds": -1},
        {"ttl_seconds": 10**9},
        {"ttl_seconds": 10**30},
        {"until": now.isoformat()},
        {"until": (now + timedelta(days=366)).isoformat()},
        {"until": (now + HOUR).replace(tzinfo=None).isoformat()},
        {"until": "9999-12-31T23:59:59-23:59"},
        {"until": "0001-01-01T00:00:00+23:59"},
        {"until": "tomorrow"},
        {"ttl_seconds": 60, "reason": " "},
        {"ttl_seconds": 60, "reason": "x" * 5000},
    ):
        answer = await _freeze(server, **body)
        assert (answer.status_code, body) == (400, body)
    assert (await _status(server))["freeze"] is None


@served
async def test_a_freeze_while_something_compiles_stops_its_publication(server: Server, tmp: Path) -> None:
    await _published(server, "one")
    loop = asyncio.get_running_loop()

    def compile_and_freeze(root: Path) -> CompiledStacks:
        asyncio.run_coroutine_threadsafe(_freeze(server, ttl_seconds=60), loop).result(20)
        return toy_compile(root)

    server.app.generations._staging.compile = compile_and_freeze
    server.write_stacks({"envoys.vgo": "two"})
    assert (await server.request("POST", GENERATIONS, {"message": "m"})).status_code == 409
    assert _live_text(server) == "one"
    assert len(list(server.folder.live.iterdir())) == 2


@served
async def test_the_status_tells_what_is_live_and_how_the_stacks_differ(server: Server, tmp: Path) -> None:
    server.write_stacks({"envoys.vgo": "one"})
    empty = await _status(server)
    assert (empty["live"], empty["stacks"]["added"]) == (None, ["envoys.vgo"])
    await server.publish("first")
    same = await _status(server)
    assert (same["live"]["number"], same["live"]["message"], same["live"]["author"]) == (1, "first", "admin")
    assert same["stacks"] == {"added": [], "changed": [], "removed": [], "problem": None}
    server.write_stacks({"envoys.vgo": "two", "dir/new.vgo": ""})
    assert (await _status(server))["stacks"] == {
        "added": ["dir/new.vgo"],
        "changed": ["envoys.vgo"],
        "removed": [],
        "problem": None,
    }
    (server.folder.stacks / "link").symlink_to("/etc/passwd")
    assert "copy the file instead" in (await _status(server))["stacks"]["problem"]
    (next(server.folder.live.glob("1-*")) / "manifest.json").write_text("{")
    assert "manifest" in (await _status(server))["stacks"]["problem"]


@served
async def test_30_neither_going_back_nor_lifting_a_freeze_happens_without_its_row(server: Server, tmp: Path) -> None:
    await _published(server, "one", "two")
    write = server.app.database.write
    for verb in ("1/rollback", "unfreeze"):
        if verb == "unfreeze":
            await _freeze(server, ttl_seconds=60)
        await write(lambda connection: connection.exec_driver_sql("ALTER TABLE audit RENAME TO gone"))
        assert (await server.request("POST", f"{GENERATIONS}/{verb}", {})).status_code == 503
        await write(lambda connection: connection.exec_driver_sql("ALTER TABLE gone RENAME TO audit"))
    assert (await _status(server))["freeze"] is not None
    assert _live_text(server) == "two"


@served
async def test_who_has_not_the_permission_does_none_of_it(server: Server, tmp: Path) -> None:
    await _published(server, "one", "two")
    generations = server.app.generations

    def without(permission: Permission) -> Actor:
        return Actor("bob", EVERYTHING - {permission})

    for refused in (
        generations.roll_back(without(Permission.PUBLISH_GENERATIONS), GenerationNumber(1), None),
        generations.freezing.freeze(without(Permission.FREEZE_GENERATIONS), NewFreeze(reason="r", ttl_seconds=60)),
        generations.freezing.unfreeze(without(Permission.FREEZE_GENERATIONS)),
        generations.status(without(Permission.READ_GENERATIONS)),
    ):
        with pytest.raises(ForbiddenError, match="which bob does not have"):
            await refused
    assert _live_text(server) == "two"
    assert (await _status(server))["freeze"] is None

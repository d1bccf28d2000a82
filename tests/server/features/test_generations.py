import asyncio
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.server.harness import Server, served, toy_compile
from vigo.core.errors import TooLargeError
from vigo.server.features.generations.models import CompiledStacks, Manifest
from vigo.server.features.generations.snapshot import LiveFolder


class KilledError(Exception):
    pass


async def _first(server: Server, text: str = "one") -> dict[str, Any]:
    server.write_stacks({"envoys.vgo": text})
    return await server.publish(text)


def _name(server: Server) -> str:
    return (server.folder.live / "current").read_text().strip()


@served
async def test_publishing_makes_a_numbered_generation_live(server: Server, tmp: Path) -> None:
    assert (await _first(server))["generation"]["number"] == 1
    second = await _first(server, "two")
    assert second["generation"] == {
        "number": 2,
        "digest": second["generation"]["digest"],
        "message": "two",
        "author": "admin",
        "published_at": server.clock.now().isoformat().replace("+00:00", "Z"),
        "live": True,
    }
    listed = (await server.request("GET", "/api/v1/generations")).json()["items"]
    assert [(item["number"], item["live"]) for item in listed] == [(2, True), (1, False)]


@served
async def test_the_exact_bytes_are_kept_and_later_edits_do_not_reach_them(server: Server, tmp: Path) -> None:
    server.write_stacks({"envoys.vgo": "one", "configcrates/a.vgo": "two"})
    (server.folder.stacks / "files").mkdir()
    (server.folder.stacks / "files" / "data.bin").write_bytes(bytes(range(256)))
    (server.folder.stacks / ".git").mkdir()
    (server.folder.stacks / ".git" / "HEAD").write_text("ref")
    await server.publish()
    server.write_stacks({"envoys.vgo": "changed"})
    kept = server.folder.live / _name(server) / "stacks"
    found = {path.relative_to(kept).as_posix(): path.read_bytes() for path in kept.rglob("*") if path.is_file()}
    assert found == {"envoys.vgo": b"one", "configcrates/a.vgo": b"two", "files/data.bin": bytes(range(256))}


@served
async def test_publishing_what_is_live_makes_no_generation_and_says_so(server: Server, tmp: Path) -> None:
    await _first(server)
    answer = await server.request("POST", "/api/v1/generations", {"message": "again"})
    assert answer.status_code == 200
    assert answer.json()["unchanged"] is True
    assert answer.json()["generation"]["number"] == 1


@served
async def test_stacks_with_errors_change_nothing_and_every_place_is_told(server: Server, tmp: Path) -> None:
    await _first(server)
    server.write_stacks({"envoys.vgo": "error warning"})
    for path in ("/api/v1/generations", "/api/v1/generations/validate"):
        answer = await server.request("POST", path, {"message": "broken"})
        assert answer.status_code == 422
        problem = answer.json()
        assert problem["code"] == "rejected-policy"
        assert "envoys.vgo:3:5: found the word error" in problem["detail"]
        assert [(found["severity"], found["line"], found["column"]) for found in problem["diagnostics"]] == [
            ("error", 3, 5),
            ("warning", 3, 5),
        ]
    assert server.app.generations.live_number == 1
    assert [path.name for path in server.folder.live.iterdir() if path.is_dir()] == [_name(server)]


@served
async def test_warnings_are_told_and_do_not_stop_a_publication(server: Server, tmp: Path) -> None:
    server.write_stacks({"envoys.vgo": "warning"})
    assert [found["code"] for found in (await server.publish())["warnings"]] == ["toy-warning"]
    assert (await server.request("POST", "/api/v1/generations/validate")).json()["warnings"][0]["line"] == 3


@served
async def test_a_link_out_of_the_stacks_is_refused(server: Server, tmp: Path) -> None:
    server.write_stacks({"envoys.vgo": "one"})
    for target in ("/etc/passwd", "/etc"):
        link = server.folder.stacks / "link"
        link.symlink_to(target)
        answer = await server.request("POST", "/api/v1/generations", {"message": "m"})
        assert answer.status_code == 400
        assert "copy the file instead" in answer.json()["detail"]
        link.unlink()


@served
async def test_without_stacks_or_message_nothing_is_published(server: Server, tmp: Path) -> None:
    for message in ("", "  ", "x" * 5000):
        assert (await server.request("POST", "/api/v1/generations", {"message": message})).status_code == 400
    shutil.rmtree(server.folder.stacks)
    answer = await server.request("POST", "/api/v1/generations", {"message": "m"})
    assert answer.status_code == 400
    assert "expected the folder of the stacks" in answer.json()["detail"]


@served
async def test_the_live_generation_outlives_a_restart(server: Server, tmp: Path) -> None:
    await _first(server)
    before = server.app.generations.assignment("web-1")
    await server.restart()
    after = server.app.generations.assignment("web-1")
    assert before is not None
    assert after is not None
    assert after.bundle.digest == before.bundle.digest
    assert server.running.ready_line().endswith(" generation=1")


def _damage(live: Path, what: str) -> None:
    folder = live / (live / "current").read_text().strip()
    text = folder / "stacks" / "envoys.vgo"
    if what == "changed":
        text.write_text("evil")
    elif what == "added":
        (folder / "stacks" / "more.vgo").write_text("evil")
    elif what == "removed":
        text.unlink()
    elif what == "manifest":
        (folder / "manifest.json").write_text("{")
    elif what == "folder":
        shutil.rmtree(folder)
    elif what == "no pointer":
        (live / "current").unlink()
    else:
        (live / "current").write_text("../../etc")


@served
async def test_28_a_damaged_generation_is_refused_and_the_one_before_it_serves(server: Server, tmp: Path) -> None:
    await _first(server)
    await _first(server, "two")
    for what in ("changed", "added", "removed", "manifest", "folder", "pointer", "no pointer"):
        await server.stop()
        shutil.copytree(server.folder.live, tmp / "backup")
        _damage(server.folder.live, what)
        await server.start()
        assert server.app.generations.live_number == (2 if "pointer" in what else 1), what
        health = (await server.request("GET", "/api/v1/health")).json()
        assert health["status"] == "failed"
        assert "serving generation" in next(c["detail"] for c in health["checks"] if c["name"] == "live generation")
        shutil.rmtree(server.folder.live)
        (tmp / "backup").rename(server.folder.live)
    await server.restart()
    assert server.app.generations.problem is None


@served
async def test_publishing_repairs_what_damage_left(server: Server, tmp: Path) -> None:
    await _first(server)
    await _first(server, "two")
    (server.folder.live / _name(server) / "manifest.json").unlink()
    await server.restart()
    server.write_stacks({"envoys.vgo": "one"})
    published = await server.publish()
    assert published["generation"]["number"] == 3
    assert server.app.generations.problem is None


@served
async def test_a_crash_at_any_step_leaves_the_old_or_the_new_generation(server: Server, tmp: Path) -> None:
    await _first(server)

    def killed(*_: object) -> None:
        raise KilledError

    for step, live in (("stage", 1), ("keep", 1), ("make_live", 1)):
        server.write_stacks({"envoys.vgo": f"killed at {step}"})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LiveFolder, step, killed)
            answer = await server.request("POST", "/api/v1/generations", {"message": step})
            assert answer.status_code == 500
        await server.restart()
        assert server.app.generations.live_number == live
        assert server.app.generations.problem is None
    assert (await server.publish())["generation"]["live"]


@served
async def test_a_generation_that_a_crash_left_unaudited_is_no_generation(server: Server, tmp: Path) -> None:
    await _first(server)
    folder = server.folder.live / _name(server)
    await server.app.database.write(lambda connection: connection.exec_driver_sql("DELETE FROM generations"))
    (server.folder.live / "current").unlink()
    await server.restart()
    assert (await server.request("GET", "/api/v1/generations")).json()["items"] == []
    assert server.app.generations.live_number is None
    assert not folder.exists()


@served
async def test_30_a_publication_that_cannot_be_audited_does_not_happen(server: Server, tmp: Path) -> None:
    await _first(server)
    server.write_stacks({"envoys.vgo": "two"})
    await server.app.database.write(lambda connection: connection.exec_driver_sql("ALTER TABLE audit RENAME TO gone"))
    answer = await server.request("POST", "/api/v1/generations", {"message": "m"})
    assert answer.status_code == 503
    assert server.app.generations.live_number == 1
    await server.app.database.write(lambda connection: connection.exec_driver_sql("ALTER TABLE gone RENAME TO audit"))
    await server.restart()
    assert server.app.generations.live_number == 1


@served
async def test_a_lost_database_row_is_taken_from_the_folder_again(server: Server, tmp: Path) -> None:
    await _first(server)
    await server.app.database.write(lambda connection: connection.exec_driver_sql("DELETE FROM generations"))
    await server.restart()
    listed = (await server.request("GET", "/api/v1/generations")).json()["items"]
    assert [item["message"] for item in listed] == ["one"]


def test_a_manifest_names_its_own_folder(tmp_path: Path) -> None:
    assert set(Manifest.__struct_fields__) == {"number", "digest", "message", "author", "published_at", "files"}
    live = LiveFolder(tmp_path)
    assert live.current() is None
    assert live.names() == []


@served
async def test_a_reload_while_something_is_published_takes_nothing_away_and_ends_with_the_newest(
    server: Server, tmp: Path
) -> None:
    await _first(server)
    server.write_stacks({"envoys.vgo": "two", "a.vgo": "", "b.vgo": ""})
    compiling, go_on = threading.Event(), threading.Event()

    def slow_compile(root: Path) -> CompiledStacks:
        if "two" in (root / "envoys.vgo").read_text():
            compiling.set()
            go_on.wait(20)
        return toy_compile(root)

    service = server.app.generations
    service._staging.compile = slow_compile
    publishing = asyncio.create_task(server.publish())
    await asyncio.to_thread(compiling.wait, 20)
    reloading = asyncio.create_task(service.reload())
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(publishing, reloading)
    assert (service.live_number, service.problem) == (2, None)
    await server.restart()
    assert (server.app.generations.live_number, server.app.generations.problem) == (2, None)


@served
async def test_a_generation_that_cannot_be_read_any_more_does_not_keep_the_server_from_starting(
    server: Server, tmp: Path
) -> None:
    await _first(server)
    server.write_stacks({"envoys.vgo": "two"})
    await server.publish()

    def older_refuses(root: Path) -> CompiledStacks:
        if "two" in (root / "envoys.vgo").read_text():
            raise TooLargeError("more than this version takes")
        return toy_compile(root)

    server.compiler = older_refuses
    await server.restart()
    assert server.app.generations.live_number == 1
    assert "more than this version takes" in str(server.app.generations.problem)

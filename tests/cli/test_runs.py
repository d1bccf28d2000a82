import pytest

from tests.cli.desk import Desk
from tests.server.harness import a_run
from vigo.core.ids import ResourceId, new_run_id
from vigo.core.run import ResourceResult


def changed(name: str, **more: object) -> ResourceResult:
    return ResourceResult(
        id=ResourceId(f"web/{name}"), type="file", outcome="changed", changed=("content", "mode"), duration_ms=1234.5,
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_table_lists_the_latest_first(desk: Desk) -> None:
    first, second = a_run(), a_run(outcome="failed", offline=True)
    desk.enrol("web-1", first, second)
    heads, *rows = desk.here("runs", "list").rows
    assert heads == ["RUN", "ENVOY", "OUTCOME", "CAUSE", "STARTED", "TOOK", "GENERATION", "RESOURCES"]
    assert [row[:3] for row in rows] == [[second.id, "web-1", "failed"], [first.id, "web-1", "changed"]]
    assert rows[0][-2:] == ["1 (offline)", "1 failed"]


def test_a_repair_of_some_resources_says_that_it_is_one(desk: Desk) -> None:
    repair = a_run(cause="event", partial=True)
    desk.enrol("web-1", repair)
    assert desk.here("runs", "list").rows[1][3] == "event (partial)"
    assert "event, a repair of some resources alone" in desk.here("runs", "show", repair.id).out


def test_filters_narrow_the_list(desk: Desk) -> None:
    first, second = a_run(), a_run(outcome="failed")
    desk.enrol("web-1", first)
    desk.enrol("web-2", second)
    assert [item["id"] for item in desk.here("runs", "list", "--envoy", "web-1", "--json").json["items"]] == [first.id]
    failed = desk.here("runs", "list", "--outcome", "failed", "--json").json["items"]
    assert [item["id"] for item in failed] == [second.id]


def test_a_limit_cuts_the_list_and_people_are_told_of_the_rest(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.enrol("web-1", *(a_run() for _ in range(5)))
    assert len(desk.here("runs", "list", "--limit", "2").rows) == 3
    monkeypatch.setattr("vigo.cli.runs._FEW", 3)
    result = desk.here("runs", "list")
    assert len(result.rows) == 4
    assert "--limit N" in result.err
    assert len(desk.here("runs", "list", "--json").json["items"]) == 5


def test_showing_tells_what_became_of_each_resource(desk: Desk) -> None:
    run = a_run(results=(changed("conf", diff="-old\n+new\n"), changed("dir", ops=("mkdir /srv",))), dropped_runs=2)
    desk.enrol("web-1", run)
    result = desk.here("runs", "show", run.id)
    assert result.status == 0, result.err
    assert ["web/conf", "changed", "content, mode", "1.2 s", "-"] in result.rows
    assert "    -old\n    +new\n" in result.out
    assert "    mkdir /srv\n" in result.out
    assert "2 earlier runs" in result.out


def test_json_has_for_each_resource_what_scripts_rely_on(desk: Desk) -> None:
    run = a_run(results=(changed("conf"),))
    desk.enrol("web-1", run)
    result = desk.here("runs", "show", run.id, "--json").json["results"][0]
    assert (result["id"], result["outcome"]) == ("web/conf", "changed")
    assert (result["changed"], result["duration_ms"]) == (["content", "mode"], 1234.5)


def test_the_latest_run_of_an_envoy_needs_no_id(desk: Desk) -> None:
    first, second = a_run(), a_run()
    desk.enrol("web-1", first, second)
    assert desk.here("runs", "show", "--latest-of", "web-1", "--json").json["id"] == second.id
    missing = desk.here("runs", "show", "--latest-of", "nosuch")
    assert missing.status == 1
    assert "nosuch" in missing.err


def test_an_id_that_is_none_and_one_that_is_not_kept_are_told(desk: Desk) -> None:
    wrong = desk.here("runs", "show", "../envoys")
    assert wrong.status == 1
    assert "expected a run's UUID" in wrong.err
    unknown = desk.here("runs", "show", str(new_run_id()))
    assert unknown.status == 1
    assert "keep_runs_count" in unknown.err


@pytest.mark.parametrize("arguments", [(), ("019ab0c2-77aa-7c11-8d12-0123456789ab", "--latest-of", "web-1")])
def test_one_run_is_asked_for(offline: Desk, arguments: tuple[str, ...]) -> None:
    assert offline.here("runs", "show", *arguments).status == 2


def test_a_pipe_gets_whole_lines_however_long(desk: Desk) -> None:
    long = "because " * 100 + "end"
    run = a_run(results=(changed("conf", reason=long),))
    desk.enrol("web-1", run)
    piped = desk.process("--data-dir", str(desk.server.folder.root), "runs", "show", run.id, COLUMNS="40")
    assert [line for line in piped.out.splitlines() if line.endswith(long)]

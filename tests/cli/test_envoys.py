import pytest

from tests.cli.desk import Desk, Terminal
from tests.server.harness import a_run
from vigo.core.ids import ResourceId
from vigo.core.run import ResourceResult


def failing(reason: str) -> ResourceResult:
    return ResourceResult(id=ResourceId("web/conf"), type="file", outcome="failed", reason=reason)


def test_a_table_tells_how_each_envoy_does(desk: Desk) -> None:
    desk.do(desk.server.publish())
    desk.enrol("web-1", a_run())
    desk.enrol("db-1", a_run(results=(failing("no space"),)))
    desk.enrol("new-1")
    result = desk.here("envoys", "list")
    assert result.status == 0, result.err
    heads, *rows = result.rows
    assert heads == ["HOSTNAME", "STATUS", "LAST RUN", "LAST SEEN", "GENERATION", "ENVIRONMENT", "ROLES"]
    assert [row[:3] for row in rows] == [
        ["db-1", "failed", "1 failed"],
        ["new-1", "no-data", "-"],
        ["web-1", "degraded", "1 changed"],
    ]
    assert rows[2][-2:] == ["test", "toy"]


def test_an_envoy_behind_the_live_generation_is_marked(desk: Desk) -> None:
    desk.do(desk.server.publish())
    desk.enrol("web-1", a_run())
    desk.server.write_stacks({"envoys.vgo": "other\n"})
    desk.do(desk.server.publish())
    assert "1 (live: 2)" in desk.here("envoys", "list").out


def test_json_is_what_the_api_sent(desk: Desk) -> None:
    desk.enrol("web-1", a_run())
    sent = desk.do(desk.server.request("GET", "/api/v1/envoys")).json()
    assert desk.here("envoys", "list", "--json").json == {"items": sent["items"]}
    shown = desk.do(desk.server.request("GET", "/api/v1/envoys/web-1")).json()
    assert desk.here("envoys", "show", "web-1", "--json").json == shown


def test_a_list_is_whole_however_many_pages_it_has(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vigo.cli.client.api._PAGE", 2)
    for number in range(5):
        desk.enrol(f"web-{number}")
    names = [item["hostname"] for item in desk.here("envoys", "list", "--json").json["items"]]
    assert names == [f"web-{number}" for number in range(5)]
    limited = desk.here("envoys", "list", "--json", "--limit", "3").json["items"]
    assert [item["hostname"] for item in limited] == names[:3]


def test_filters_narrow_the_list(desk: Desk) -> None:
    desk.enrol("web-1")
    desk.enrol("db-1")
    assert desk.here("envoys", "revoke", "db-1").status == 0
    assert [row[0] for row in desk.here("envoys", "list", "--hostname", "web-*").rows[1:]] == ["web-1"]
    assert [row[:2] for row in desk.here("envoys", "list", "--status", "revoked").rows[1:]] == [["db-1", "revoked"]]


def test_an_empty_list_says_what_to_do_and_prints_nothing_to_cut(desk: Desk) -> None:
    result = desk.here("envoys", "list")
    assert (result.status, result.out) == (0, "")
    assert "vigocli tokens create" in result.err


def test_showing_tells_what_is_not_as_declared_and_why(desk: Desk) -> None:
    desk.do(desk.server.publish())
    run = a_run(results=(failing("no space left"),))
    machine = desk.enrol("web-1", run)
    result = desk.here("envoys", "show", "web-1")
    assert result.status == 0, result.err
    assert f"web-1 ({machine.id})" in result.out
    assert ["web/conf", "failed", "no space left"] in result.rows
    assert f"vigocli runs show {run.id}" in result.out
    assert "1 failed" in result.out
    assert desk.here("envoys", "show", machine.id).out.startswith("web-1")


@pytest.mark.parametrize("name", ["nosuch", "../tokens", "a/b", "%2e%2e", "?x", "", ".", ".."])
def test_an_unknown_envoy_is_told(desk: Desk, name: str) -> None:
    result = desk.here("envoys", "show", name)
    assert result.status == 1
    assert "expected the hostname or the UUID of an envoy" in result.err
    assert result.err.count("\n") == 1


def test_revoking_without_a_terminal_goes_ahead(desk: Desk) -> None:
    desk.enrol("web-1")
    result = desk.here("envoys", "revoke", "web-1")
    assert result.status == 0, result.err
    assert result.out.startswith("revoked web-1 (")
    assert desk.here("envoys", "show", "web-1", "--json").json["status"] == "revoked"
    assert desk.here("envoys", "revoke", "web-1", "--json").json["status"] == "revoked"


def test_revoking_names_the_tokens_that_would_let_the_machine_back_in(desk: Desk) -> None:
    desk.enrol("web-1")
    open_again = desk.here("tokens", "create", "--hostname", "web-*", "--uses", "2", "--json").json
    other = desk.here("tokens", "create", "--hostname", "db-*", "--json").json
    result = desk.here("envoys", "revoke", "web-1")
    assert f"`vigocli tokens revoke {open_again['id']}` withdraws it" in result.err
    assert other["id"] not in result.err


def test_text_from_an_envoy_cannot_move_the_cursor(desk: Desk) -> None:
    evil = "x\x1b[2J\u202eevil\x9b31m\nnext"
    run = a_run(results=(failing(evil),))
    desk.enrol("web-1", run)
    for arguments in (("envoys", "show", "web-1"), ("runs", "show", str(run.id))):
        result = desk.here(*arguments)
        assert "\\x1b[2J\\u202eevil\\x9b31m\\nnext" in result.out
        raw = desk.here(*arguments, "--json")
        assert not set(raw.out) & set("\x1b\u202e\x9b")
        assert evil in [one["reason"] for one in raw.json.get("resources", raw.json.get("results"))]


def test_a_terminal_is_asked_before_an_envoy_is_revoked(desk: Desk) -> None:
    desk.enrol("web-1")
    terminal = Terminal(desk)
    status, seen = terminal.here("envoys", "revoke", "web-1", told=("Revoke it? [y/N]", "n\n"))
    assert status == 1
    assert "Revoke it? [y/N]" in seen
    assert desk.here("envoys", "show", "web-1", "--json").json["status"] == "active"
    status, seen = terminal.here("envoys", "revoke", "web-1", "--yes")
    assert status == 0, seen
    assert "Revoke it?" not in seen


def test_colour_is_for_terminals_without_no_color(desk: Desk) -> None:
    desk.enrol("web-1", a_run(results=(failing("because"),)))
    terminal = Terminal(desk)
    assert "\x1b[31mfailed" in terminal.here("envoys", "list")[1]
    assert "\x1b" not in terminal.here("envoys", "list", NO_COLOR="1")[1]
    assert "\x1b" not in terminal.here("envoys", "list", TERM="dumb")[1]
    for environment in ({}, {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1", "TERM": "xterm"}):
        piped = desk.process("--data-dir", str(desk.server.folder.root), "envoys", "list", **environment)
        assert "failed" in piped.out
        assert "\x1b" not in piped.out

from collections.abc import Iterator

import pytest

from tests.cli.desk import Desk, Terminal
from tests.server.harness import Machine, compile_folder
from vigo.core.encoding import digest_of
from vigo.core.traits import Traits, pack_traits

DEBIAN: Traits = {"os": {"family": "debian"}}
CONF = "{name: conf, type: file, path: /etc/app, source: files/app, notify: [restart]}"
RESTART = "{name: restart, type: service, service: app, state: restarted, when: changed}"
OLD = "{name: old, type: package, package: telnet}"
KEEP = "{name: keep, type: file, path: /etc/keep, content: x, on_remove: revert}"

UNKNOWN = "its condition `os_family('debian')` needs traits, and no traits of it are stored"


@pytest.fixture
def planning(offline: Desk) -> Iterator[Desk]:
    """A desk whose server compiles what operators write, and three envoys."""
    offline.server.compiler = compile_folder
    offline.do(offline.server.start())

    async def enrol() -> None:
        for hostname, traits in (("web-1", DEBIAN), ("web-2", {"os": {"family": "redhat"}}), ("db-1", None)):
            async with await Machine.enrolled(offline.server, offline.folder / hostname, hostname) as machine:
                if traits is not None:
                    await machine.check_in(traits_digest=digest_of(traits), traits=pack_traits(traits))

    offline.do(enrol())
    yield offline
    offline.do(offline.server.stop())


def write(desk: Desk, *resources: str, app: str = "port = 80\n", match: str = "*") -> None:
    lines = "".join(f"  - {one}\n" for one in resources)
    crate = f"configcrate: app\nresources:{'' if resources else ' []'}\n{lines}"
    desk.server.write_stacks(
        {"configcrates/app.vgo": crate, "envoys.vgo": f'envoys: [{{match: "{match}", configcrates: [app]}}]\n'}
    )
    (desk.server.folder.stacks / "files").mkdir(exist_ok=True)
    (desk.server.folder.stacks / "files" / "app").write_text(app)


def publish(desk: Desk) -> None:
    assert desk.here("config", "publish", "-m", "m").status == 0


def test_nothing_to_change_is_told_and_ends_with_0(planning: Desk) -> None:
    write(planning, CONF, RESTART)
    publish(planning)
    result = planning.here("config", "plan")
    assert (result.status, result.err) == (0, "")
    assert result.out == "nothing changes for 3 envoys when the stacks take the place of generation 1\n"
    assert planning.here("config", "plan", "--json").status == 0


def test_a_plan_tells_counts_then_what_goes_then_the_rest_and_ends_with_4(planning: Desk) -> None:
    write(planning, CONF, RESTART, OLD, KEEP)
    publish(planning)
    family = "{name: family, type: file, path: /etc/family, content: x, when: \"os_family('debian')\"}"
    write(planning, CONF.replace("source", "mode: 0640, source"), RESTART, family, app="port = 8080\n")
    result = planning.here("config", "plan")
    assert (result.status, result.err) == (4, "")
    assert result.out.splitlines() == [
        "3 of 3 envoys change when the stacks take the place of generation 1",
        "  - removed  2 resources  on 3 envoys",
        "  ~ changed  1 resource   on 3 envoys",
        "  + added    1 resource   on 2 envoys",
        "  unknown in part until they check in: 1 envoy: db-1",
        "",
        "3 envoys: db-1, web-1, web-2",
        "  - app/old   package  telnet: left as it is, no longer managed",
        "  - app/keep  file     /etc/keep: no longer managed, and what it changed there is undone (on_remove: revert)",
        "  ~ app/conf  file     /etc/app",
        "      mode     (not set) -> 0640",
        "      content  not shown, since the file is not readable by all: lines added 1, removed 1",
        "",
        "1 envoy: db-1",
        "  + app/family  file  /etc/family",
        f"      unknown until it checks in: {UNKNOWN}",
        "",
        "1 envoy: web-1",
        "  + app/family  file  /etc/family",
        "",
        "`vigocli config publish -m MESSAGE --base 1` makes it so",
    ]


def test_texts_are_compared_line_by_line(planning: Desk) -> None:
    write(planning, CONF, RESTART, app="a\nport = 80\nb\n")
    publish(planning)
    write(planning, CONF, RESTART, app="a\nport = 8080\nb\n")
    lines = planning.here("config", "plan").out.splitlines()
    assert lines[4:11] == [
        "  ~ app/conf  file  /etc/app",
        "      content",
        "        @@ -1,3 +1,3 @@",
        "         a",
        "        -port = 80",
        "        +port = 8080",
        "         b",
    ]


def test_envoys_that_no_entry_covers_any_more_are_told_first(planning: Desk) -> None:
    write(planning, OLD)
    publish(planning)
    write(planning, OLD, match="web-*")
    lines = planning.here("config", "plan").out.splitlines()
    assert lines[:7] == [
        "1 of 3 envoys changes when the stacks take the place of generation 1",
        "  - removed  1 resource   on 1 envoy",
        "  no longer covered by any entry, nothing on them is managed then: 1 envoy",
        "",
        "1 envoy: db-1",
        "  no longer covered by any entry; until now by envoys.vgo:1 (*)",
        "  - app/old  package  telnet: left as it is, no longer managed",
    ]


def test_before_the_first_publication_everything_is_added(planning: Desk) -> None:
    write(planning, OLD)
    lines = planning.here("config", "plan").out.splitlines()
    assert lines[0] == "3 of 3 envoys change when the stacks are published for the first time"
    assert lines[-1] == "`vigocli config publish -m MESSAGE --base 0` makes it so"
    assert "  + app/old  package  telnet" in lines


def test_details_show_the_fields_of_what_is_added_and_a_summary_no_groups(planning: Desk) -> None:
    write(planning, CONF, RESTART, app="a\nb\n")
    details = planning.here("config", "plan", "--details").out
    assert "      path     /etc/app\n      content\n        @@ -0,0 +1,2 @@\n        +a\n        +b\n" in details
    assert '      notify   ["app/restart"]\n' in details
    summary = planning.here("config", "plan", "--summary")
    assert (summary.status, "/etc/app" in summary.out) == (4, False)
    assert ["+ added", "app/conf", "file", "3"] in summary.rows
    both = planning.here("config", "plan", "--summary", "--details")
    assert (both.status, both.out) == (2, "")


def test_json_is_what_the_api_sent(planning: Desk) -> None:
    write(planning, OLD)
    result = planning.here("config", "plan", "--json")
    assert result.status == 4
    answer = planning.do(planning.server.request("GET", "/api/v1/plan")).json()
    assert result.json == answer
    filtered = planning.here("config", "plan", "--host", "web-*", "--details", "--json").json
    assert (filtered["only"]["host"], filtered["envoys"]["total"]) == ("web-*", 2)


def test_a_window_or_noop_that_an_entry_gets_is_told(planning: Desk) -> None:
    write(planning, CONF, RESTART)
    publish(planning)
    settings = 'noop: true, window: {days: sun, from: "22:00"}, reconverge: interval'
    entry = f"envoys: [{{match: '*', configcrates: [app], {settings}}}]\n"
    (planning.server.folder.stacks / "envoys.vgo").write_text(entry)
    result = planning.here("config", "plan")
    assert result.status == 4
    assert "  noop: not set -> true\n  window: not set -> sun, 22:00 to 24:00\n" in result.out
    assert "  reconverge: not set -> interval\n" in result.out


def test_a_plan_may_be_about_some_envoys(planning: Desk) -> None:
    write(planning, OLD)
    assert planning.here("config", "plan", "--host", "web-*").out.startswith("2 of 2 envoys change")
    for arguments in (("--host", "nobody"), ("--environment", "production"), ("--host", "~(")):
        result = planning.here("config", "plan", *arguments)
        assert (result.status, result.out, result.err.count("\n")) == (1, "", 1), result
    assert "`vigocli envoys list` shows them" in planning.here("config", "plan", "--host", "nobody").err


def test_stacks_with_errors_have_no_plan(planning: Desk) -> None:
    write(planning, "{name: a, type: fille}")
    result = planning.here("config", "plan")
    assert (result.status, result.out) == (1, "")
    assert "configcrates/app.vgo:3:" in result.err
    assert "1 error, 0 warnings: there is no plan for these stacks" in result.err
    assert planning.here("config", "plan", "--json").json["code"] == "rejected-policy"


def test_warnings_stand_before_the_plan(planning: Desk) -> None:
    write(planning, OLD)
    (planning.server.folder.stacks / "configcrates" / "idle.vgo").write_text("configcrate: idle\n")
    result = planning.here("config", "plan")
    assert (result.status, "warning: no entry gets this configcrate" in result.err) == (4, True)


def test_without_envoys_there_is_nothing_to_compare(offline: Desk) -> None:
    offline.server.compiler = compile_folder
    offline.do(offline.server.start())
    write(offline, OLD)
    result = offline.here("config", "plan")
    assert (result.status, result.out) == (
        0,
        "no envoys are enrolled, so nothing changes when the stacks are published for the first time\n",
    )
    offline.do(offline.server.stop())


def test_what_stacks_hold_cannot_write_to_the_terminal(planning: Desk) -> None:
    write(planning, CONF, RESTART, app="a\n\x1b[2J\n\u202eb\n")
    for result in (planning.here("config", "plan", "--details"), planning.here("config", "plan", "--json")):
        assert "\x1b" not in result.out
        assert "\u202e" not in result.out
    assert "        +\\x1b[2J" in planning.here("config", "plan", "--details").out


def test_on_a_terminal_removals_are_red_and_no_color_is_respected(planning: Desk) -> None:
    write(planning, OLD, KEEP)
    publish(planning)
    write(planning, KEEP)
    arguments = ("--data-dir", str(planning.server.folder.root), "config", "plan")
    status, seen = Terminal(planning).run(*arguments)
    assert status == 4
    assert "\x1b[31m\x1b[1m  - app/old  package  telnet: left as it is, no longer managed" in seen
    _, plain = Terminal(planning).run(*arguments, NO_COLOR="1")
    assert "\x1b" not in plain


def test_the_help_tells_the_status_of_changes_and_what_is_not_claimed(offline: Desk) -> None:
    text = offline.vigocli("config", "plan", "--help").out
    assert "4  something changes, or may" in text
    assert "What machines are like now is not looked at" in text


def export(desk: Desk, *hostnames: str) -> str:
    """Write what `envoys show` says of some envoys into a file, one behind the other."""
    path = desk.folder / "fleet.json"
    path.write_text("\n".join(desk.here("envoys", "show", name, "--json").out for name in hostnames))
    return str(path)


def test_without_a_server_two_folders_are_compared_for_exported_envoys(planning: Desk) -> None:
    write(planning, OLD, KEEP)
    publish(planning)
    live = next(planning.server.folder.live.glob("1-*")) / "stacks"
    write(planning, KEEP, "{name: family, type: file, path: /f, content: x, when: \"os_family('debian')\"}")
    fleet = export(planning, "web-1", "web-2", "db-1")
    asked = planning.here("config", "plan", "--json").json
    offline = ("config", "plan", "--stacks", str(planning.server.folder.stacks), "--envoys", fleet)
    compared = planning.vigocli(*offline, "--against", str(live), "--json")
    assert (compared.status, compared.err) == (4, "")
    assert {**compared.json, "live": asked["live"]} == asked
    text = planning.vigocli(*offline, "--against", str(live), "--host", "web-1").out
    assert text.startswith(f"1 of 1 envoy changes when {planning.server.folder.stacks} takes the place of {live}\n")
    assert "vigocli config publish" not in text
    assert planning.vigocli(*offline, "--host", "web-1").out.startswith("1 of 1 envoy changes when the stacks are publ")
    assert planning.vigocli(*offline, "--against", str(planning.server.folder.stacks)).status == 0


def test_a_list_of_envoys_gives_names_without_traits_and_revoked_ones_do_not_count(planning: Desk) -> None:
    write(planning, "{name: family, type: file, path: /f, content: x, when: \"os_family('debian')\"}")
    planning.here("envoys", "revoke", "web-2", "--yes")
    fleet = planning.folder / "fleet.json"
    fleet.write_text(planning.here("envoys", "list", "--json").out)
    words = ("config", "plan", "--stacks", str(planning.server.folder.stacks), "--envoys", str(fleet), "--json")
    assert planning.vigocli(*words).json["unknown_hosts"] == ["db-1", "web-1"]


def test_what_cannot_be_planned_here_is_told(offline: Desk) -> None:
    good, bad, fleet = offline.folder / "good", offline.folder / "bad", offline.folder / "fleet.json"
    for folder, text in ((good, "envoys: []\n"), (bad, "envois: []\n")):
        folder.mkdir()
        (folder / "envoys.vgo").write_text(text)
    fleet.write_text('{"hostname": "web-1"}')
    words = ("config", "plan", "--envoys", str(fleet))
    for arguments, told in (
        (("--stacks", str(bad)), f"{bad}: 1 error, 0 warnings: there is no plan"),
        (("--stacks", str(good), "--against", str(bad)), f"{bad}: 1 error, 0 warnings: there is no plan"),
        (("--stacks", str(good), "--host", "db-1"), "expected an envoy with that hostname and environment, found none"),
        (("--stacks", str(good), "--host", "~("), "expected a regular expression"),
        (("--stacks", str(offline.folder / "none")), "expected the folder of the stacks, found none"),
    ):
        result = offline.vigocli(*words, *arguments)
        assert (result.status, result.out) == (1, "")
        assert told in result.err
    assert offline.vigocli(*words, "--stacks", str(bad), "--json").json["valid"] is False
    for arguments in (("--against", str(good)), ("--envoys", str(fleet)), ("--stacks", str(good))):
        assert offline.vigocli("config", "plan", *arguments).status == 2


@pytest.mark.parametrize(
    "content", ["{", "[1]", '{"hostname": 7}', '{"hostname": "a b"}', '{"hostname": "a", "traits": []}', '"a"', "\x80"]
)
def test_a_file_that_holds_no_envoys_is_told(offline: Desk, content: str) -> None:
    fleet = offline.folder / "fleet.json"
    fleet.write_bytes(content.encode("latin-1"))
    (offline.folder / "envoys.vgo").write_text("envoys: []\n")
    result = offline.vigocli("config", "plan", "--stacks", str(offline.folder), "--envoys", str(fleet))
    assert (result.status, result.out, result.err.count("\n")) == (1, "", 1), result

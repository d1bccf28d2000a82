from tests.cli.desk import Desk, Terminal
from tests.server.harness import a_run


def test_the_fleet_is_counted_and_the_worst_stand_first(desk: Desk) -> None:
    assert "no envoy fits" in desk.here("fleet").out
    desk.enrol("web-1", a_run(outcome="unchanged"))
    desk.enrol("web-2", a_run(outcome="failed"))
    found = desk.here("fleet").out
    assert "2 envoys, 0 connected" in found
    assert found.index("web-2") < found.index("web-1")
    only = desk.here("fleet", "convergence:failed").out
    assert ("web-2" in only, "web-1" in only) == (True, False)
    assert "and 1 more" in desk.here("fleet", "--limit", "1").out
    answer = desk.here("fleet", "--json", "--", "-convergence:failed").json
    assert [one["hostname"] for one in answer["items"]] == ["web-1"]
    assert (
        answer["summary"]["convergence"] == desk.do(desk.server.request("GET", "/api/v1/fleet")).json()["convergence"]
    )


def test_a_filter_that_is_none_is_told(desk: Desk) -> None:
    found = desk.here("fleet", "convergance:failed")
    assert (found.status, "did you mean 'convergence'" in found.err) == (1, True)


def test_no_colour_where_none_is_wanted(desk: Desk) -> None:
    desk.enrol("web-1", a_run(outcome="failed"))
    words = ("--data-dir", str(desk.server.folder.root), "fleet")
    assert "\x1b[31m" in Terminal(desk).run(*words)[1]
    assert "\x1b[" not in Terminal(desk).run(*words, NO_COLOR="1")[1].replace("\x1b[?25h", "")


def test_drift_and_reachability_of_an_envoy_are_shown(desk: Desk) -> None:
    desk.enrol("web-1", a_run(), a_run(), a_run())
    found = desk.here("envoys", "show", "web-1").out
    assert "drift        changed, 2 runs in a row" in found
    assert "reachable    never" in found


def test_what_a_generation_changed(desk: Desk) -> None:
    for text in ("one: 1\n", "one: 2\n"):
        desk.server.write_stacks({"x.vgo": text})
        desk.do(desk.server.publish())
    found = desk.here("config", "changes", "2").out
    assert "generation 2, compared with 1" in found
    assert "changed x.vgo" in found
    assert "  -one: 1\n  +one: 2\n" in found
    assert desk.here("config", "changes", "1", "--json").json["since"] is None
    assert desk.here("config", "changes", "7").status == 1
    assert desk.here("config", "changes", "x").status == 1

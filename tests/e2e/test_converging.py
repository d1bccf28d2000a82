import json
from pathlib import Path

from tests.e2e.world import Envoy, Server, crate, entries, outcomes

FOLDER = "{name: folder, type: directory, path: /etc/app}"
CONF = '{name: conf, type: file, path: /etc/app/conf, content: "port = 80\\n", depends_on: [folder]}'
TOLD = '{name: told, type: file, path: /etc/app/told, content: "again\\n", when: changed, depends_on: [folder]}'
NOTIFYING = CONF.replace("depends_on: [folder]", "depends_on: [folder], notify: [told]")
RESULT_KEYS = {"id", "type", "outcome", "changed", "ops", "diff", "reason", "duration_ms"}


def app(*resources: str) -> dict[str, str]:
    return crate("app", *resources) | entries(web_x="app")


def test_an_enrolled_machine_converges_reports_each_resource_and_has_nothing_to_do_again(
    server: Server, folder: Path
) -> None:
    number = server.publish(app(NOTIFYING, FOLDER, TOLD))
    envoy = Envoy("web-1", folder, server).enrol()
    first = envoy.run()
    assert [result["id"] for result in first["results"]] == ["app/folder", "app/conf", "app/told"]
    assert set(outcomes(first).values()) == {"changed"}
    assert (first["generation"], first["delivered"], first["offline"], first["message"]) == (number, True, False, "")
    assert envoy.read("etc/app/conf") == "port = 80\n"
    assert (envoy.place / "etc/app/conf").stat().st_mode & 0o7777 == 0o644
    again = envoy.run()
    assert outcomes(again) == {"app/folder": "unchanged", "app/conf": "unchanged", "app/told": "skipped"}
    assert [run["id"] for run in server.runs("web-1")] == [first["run_id"], again["run_id"]]
    shown = server.ask("runs", "show", first["run_id"])
    for told, kept in zip(first["results"], shown["results"], strict=True):
        assert set(told) == RESULT_KEYS
        assert {name: kept[name] for name in RESULT_KEYS} == told
        assert told["duration_ms"] >= 0
    known = server.ask("envoys", "show", "web-1")
    assert (known["convergence"], known["generation"], known["status"]) == ("converged", number, "active")
    assert known["traits"]["network"]["hostname"] == "web-1"


def test_drift_by_hand_is_healed_and_the_run_says_what_was_changed(server: Server, folder: Path) -> None:
    server.publish(app(CONF, FOLDER))
    envoy = Envoy("web-2", folder, server).enrol()
    envoy.run()
    envoy.write("etc/app/conf", "port = 6666\n")
    healed = envoy.run()
    assert outcomes(healed) == {"app/folder": "unchanged", "app/conf": "changed"}
    result = server.results(healed["run_id"])["app/conf"]
    assert set(result["changed"]) == {"content"}
    assert "-port = 6666\n+port = 80" in result["diff"]
    assert envoy.read("etc/app/conf") == "port = 80\n"


def test_a_dry_run_shows_what_it_would_do_and_neither_changes_nor_reports_anything(
    server: Server, folder: Path
) -> None:
    server.publish(app(CONF, FOLDER))
    envoy = Envoy("web-3", folder, server).enrol()
    shown = envoy.run("--dry-run")
    assert (shown["dry_run"], shown["delivered"]) == (True, False)
    assert outcomes(shown)["app/folder"] == "changed"
    assert list((envoy.place / "etc").iterdir()) == []
    assert server.runs("web-3") == []
    assert envoy.status()["waiting_runs"] == 0
    assert "/etc/app" in envoy.once("--dry-run").out
    assert outcomes(envoy.run()) == {"app/folder": "changed", "app/conf": "changed"}


def test_a_generation_that_is_published_reaches_running_envoys_and_what_it_leaves_out_stays_as_it_is(
    server: Server, folder: Path
) -> None:
    first = server.publish(app(CONF, FOLDER))
    envoy = Envoy("web-4", folder, server).enrol()
    with envoy.daemon() as daemon:
        daemon.until("the first run", lambda: server.runs("web-4"))
        more = '{name: more, type: file, path: /etc/more, content: "x", depends_on: [conf]}'
        second = server.publish(app(CONF.replace("80", "8080"), more, FOLDER))
        assert second == first + 1
        daemon.until("the second generation", lambda: envoy.read("etc/more"))
        daemon.until("its report", lambda: server.envoy("web-4")["convergence"] == "converged")
        assert envoy.read("etc/app/conf") == "port = 8080\n"
        server.publish(app(FOLDER))
        daemon.until("the third generation", lambda: len(server.envoy("web-4")["resources"]) == 1)
        envoy.write("etc/more", "mine now\n")
        before = len(server.runs("web-4"))
        daemon.until("two more runs", lambda: len(server.runs("web-4")) > before + 1)
        assert (envoy.read("etc/more"), envoy.read("etc/app/conf")) == ("mine now\n", "port = 8080\n")
        assert daemon.terminate().status == 0


def test_another_entry_takes_a_machine_over_and_without_one_nothing_is_applied(server: Server, folder: Path) -> None:
    other = crate("other", '{name: it, type: file, path: /etc/other, content: "x"}')
    server.publish(app(CONF, FOLDER))
    envoy = Envoy("web-5", folder, server).enrol()
    envoy.run()
    server.publish(crate("app", CONF, FOLDER) | other | entries(web_5="other", web_x="app"))
    assert outcomes(envoy.run()) == {"other/it": "changed"}
    assert server.envoy("web-5")["entry"] == "envoys.vgo:2"
    server.publish(crate("app", CONF, FOLDER) | entries(db_x="app"))
    envoy.write("etc/other", "drift")
    nothing = envoy.run()
    assert nothing["message"] == "no policy matches web-5; nothing was applied"
    assert (nothing["run_id"], nothing["results"], nothing["refused"]) == (None, [], False)
    assert envoy.read("etc/other") == "drift"
    assert "no policy matches web-5" in envoy.once().out
    server.publish(crate("app", CONF, FOLDER) | other | entries(web_5="other"))
    assert outcomes(envoy.run()) == {"other/it": "changed"}


def test_a_failed_resource_skips_what_depends_on_it_and_ends_the_run_with_1(server: Server, folder: Path) -> None:
    blocked = '{name: blocked, type: file, path: /etc/folder, content: "x"}'
    after = '{name: after, type: file, path: /etc/after, content: "x", depends_on: [blocked]}'
    server.publish(crate("app", blocked, after, FOLDER) | entries(web_x="app"))
    envoy = Envoy("web-6", folder, server).enrol()
    (envoy.place / "etc/folder").mkdir()
    report = envoy.run(status=1)
    assert outcomes(report) == {"app/blocked": "failed", "app/after": "skipped", "app/folder": "changed"}
    reasons = {result["id"]: result["reason"] for result in report["results"]}
    assert "expected a file at /etc/folder or nothing, found a directory" in reasons["app/blocked"]
    assert "app/blocked" in reasons["app/after"]
    assert json.loads(server.cli("envoys", "show", "web-6", "--json").out)["convergence"] == "failed"

"""Drift that a daemon repairs as soon as the machine tells of it. The interval is so long that nothing else does."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.processes import Background
from tests.e2e.world import Envoy, Server, crate, entries

FOLDER = "{name: folder, type: directory, path: /etc/app}"
CONF = (
    '{name: conf, type: file, path: /etc/app/conf, content: "port = 80\\n", mode: "0644", depends_on: [folder],'
    " notify: [told]}"
)
OTHER = '{name: other, type: file, path: /etc/app/other, content: "other\\n", depends_on: [folder]}'
LATER = '{name: later, type: file, path: /srv/later, content: "later\\n", depends_on: [conf]}'
TOLD = '{name: told, type: file, path: /etc/told, content: "told\\n", when: changed}'
NEVER = "1h"


@pytest.fixture
def number(request: pytest.FixtureRequest) -> str:
    return f"heal-{abs(hash(request.node.name)) % 10**8}"


@contextmanager
def at_work(server: Server, folder: Path, name: str, *resources: str) -> Iterator[tuple[Envoy, Background]]:
    """Give an envoy that converged, and its daemon, which now waits for events."""
    server.publish(crate("app", *(resources or (FOLDER, CONF, OTHER, LATER, TOLD))) | entries(heal_x="app"))
    envoy = Envoy(name, folder, server)
    (envoy.place / "srv").mkdir()
    envoy.enrol()
    with envoy.daemon(NEVER) as daemon:
        daemon.until("its watch", lambda: "drift is repaired at once" in daemon.err)
        yield envoy, daemon


def repairs(daemon: Background) -> int:
    return daemon.err.count("repair done")


def test_an_edited_file_is_repaired_with_what_depends_on_it_and_what_it_notifies(
    server: Server, folder: Path, number: str
) -> None:
    with at_work(server, folder, number) as (envoy, daemon):
        (envoy.place / "etc/told").unlink()
        envoy.write("etc/app/conf", "port = 6666\n")
        daemon.until("the repair", lambda: envoy.read("etc/app/conf") == "port = 80\n")
        daemon.until("the handler", lambda: envoy.read("etc/told") == "told\n")
        daemon.until("the report", lambda: len(server.runs(number)) == 2)
        run = server.runs(number)[-1]
        assert (run["cause"], run["partial"]) == ("event", True)
        found = {name: result["outcome"] for name, result in server.results(run["id"]).items()}
        assert found == {"app/conf": "changed", "app/later": "unchanged", "app/told": "changed"}
        assert server.runs(number)[0]["partial"] is False
        assert server.envoy(number)["last_run"]["id"] == server.runs(number)[0]["id"]


def test_own_writes_lead_to_no_run(server: Server, folder: Path, number: str) -> None:
    with at_work(server, folder, number) as (envoy, daemon):
        for index in range(3):
            envoy.write("etc/app/other", f"drift {index}\n")
            # Not earlier: what is changed while a repair looks at its work makes it fail, and takes another one.
            daemon.until("a repair", lambda index=index: daemon.err.count("repair done") > index)
            assert envoy.read("etc/app/other") == "other\n"
        daemon.until("the reports", lambda: server.runs(number)[1:])
        envoy.write("etc/app/conf", "port = 6666\n")
        daemon.until("the last repair", lambda: envoy.read("etc/app/conf") == "port = 80\n")
        daemon.until("its report", lambda: len(server.results(server.runs(number)[-1]["id"])) > 1)
        assert [run["counts"]["changed"] for run in server.runs(number)[1:]] == [1, 1, 1, 1]


@pytest.mark.parametrize("how", ["rename", "delete", "mode", "truncate"])
def test_whatever_way_a_file_is_changed_it_is_repaired(server: Server, folder: Path, number: str, how: str) -> None:
    with at_work(server, folder, number) as (envoy, daemon):
        path = envoy.place / "etc/app/conf"
        if how == "rename":
            envoy.write("etc/app/new", "port = 1\n")
            (envoy.place / "etc/app/new").rename(path)
        elif how == "delete":
            path.unlink()
        elif how == "mode":
            path.chmod(0o600)
        else:
            path.open("w").close()

        def is_well() -> bool:
            return envoy.read("etc/app/conf") == "port = 80\n" and path.stat().st_mode & 0o777 == 0o644

        daemon.until("the repair", is_well)


def test_a_folder_that_is_removed_comes_back_and_is_watched_again(server: Server, folder: Path, number: str) -> None:
    with at_work(server, folder, number) as (envoy, daemon):
        for _ in range(2):
            shutil.rmtree(envoy.place / "etc/app")
            daemon.until("the folder", lambda: envoy.read("etc/app/conf") == "port = 80\n")
            daemon.until("the other file", lambda: envoy.read("etc/app/other") == "other\n")
        envoy.write("etc/app/other", "drift\n")
        daemon.until("the repair", lambda: envoy.read("etc/app/other") == "other\n")


def test_a_folder_far_above_that_is_moved_away_is_noticed(server: Server, folder: Path, number: str) -> None:
    deep = '{name: deep, type: file, path: /etc/a/b/deep, content: "deep\\n", depends_on: [b]}'
    made = ("{name: a, type: directory, path: /etc/a}", "{name: b, type: directory, path: /etc/a/b, depends_on: [a]}")
    with at_work(server, folder, number, *made, deep) as (envoy, daemon):
        (envoy.place / "etc/a").rename(envoy.place / "etc/gone")
        daemon.until("all of it", lambda: envoy.read("etc/a/b/deep") == "deep\n")
        envoy.write("etc/a/b/deep", "drift\n")
        daemon.until("the repair", lambda: envoy.read("etc/a/b/deep") == "deep\n")


def test_a_symlink_on_the_way_that_leads_elsewhere_now_is_noticed(server: Server, folder: Path, number: str) -> None:
    linked = '{name: linked, type: file, path: /etc/current/conf, content: "linked\\n"}'
    with at_work(server, folder, number, linked, FOLDER) as (envoy, daemon):
        for name in ("one", "two"):
            (envoy.place / "srv" / name).mkdir()
        (envoy.place / "etc/current").symlink_to("/srv/one")
        daemon.until("the first", lambda: envoy.read("srv/one/conf") == "linked\n")
        (envoy.place / "etc/swapped").symlink_to("/srv/two")
        (envoy.place / "etc/swapped").rename(envoy.place / "etc/current")
        daemon.until("the second", lambda: envoy.read("srv/two/conf") == "linked\n")
        envoy.write("srv/two/conf", "drift\n")
        daemon.until("the repair", lambda: envoy.read("srv/two/conf") == "linked\n")


def test_a_policy_or_an_option_leaves_drift_to_the_interval(server: Server, folder: Path, number: str) -> None:
    policy = crate("app", FOLDER, CONF.replace(", notify: [told]", ""))
    server.publish(policy | {"envoys.vgo": "envoys: [{match: 'heal-*', configcrates: [app], reconverge: interval}]\n"})
    envoy = Envoy(number, folder, server).enrol()
    with envoy.daemon(NEVER) as daemon:
        daemon.until("a cycle", lambda: "cycle done" in daemon.err)
        envoy.write("etc/app/conf", "drift\n")
        assert "drift is repaired at once" not in daemon.err


def test_it_repairs_without_a_server_too(server: Server, folder: Path, number: str) -> None:
    with Server(folder / "alone") as own, at_work(own, folder, number) as (envoy, daemon):
        own.process.kill()
        envoy.write("etc/app/other", "drift\n")
        daemon.until("the repair", lambda: envoy.read("etc/app/other") == "other\n")
        daemon.until("its result", lambda: repairs(daemon) >= 1)
        assert envoy.status()["waiting_runs"] >= 1

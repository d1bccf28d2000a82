import json
import signal
from pathlib import Path

from tests.e2e.processes import call
from tests.e2e.world import Envoy, Server, crate, entries, outcomes

CONF = '{name: conf, type: file, path: /etc/conf, content: "x\\n"}'
POLICY = crate("app", CONF) | entries(web_x="app")
LOOPBACK = ("--grpc-listen", "127.0.0.1:0", "--api-listen", "127.0.0.1:0")


def test_a_run_on_an_empty_folder_initialises_it_and_prints_one_line_that_begins_with_ready(folder: Path) -> None:
    (folder / "server").mkdir()
    with Server(folder) as server:
        assert server.process.out.count("\n") == 1
        assert server.process.out.startswith("ready grpc=127.0.0.1:")
        assert server.process.out.endswith(f" api=https://{server.api} data-dir={server.data} generation=0\n")
        assert {path.name for path in server.data.iterdir()} >= {"server.yaml", "stacks", "keys", "admin.token"}
        assert server.data.stat().st_mode & 0o077 == 0
        assert (server.data / "admin.token").stat().st_mode & 0o077 == 0
        assert server.cli("config", "validate").status == 0
        ended = server.process.terminate()
        assert (ended.status, ended.out.count("\n")) == (0, 1)


def test_sigterm_drains_and_a_restart_serves_the_same_envoys_from_the_same_place(server: Server, folder: Path) -> None:
    generation = server.publish(POLICY)
    envoy = Envoy("web-1", folder, server).enrol()
    runs = [envoy.run()]
    assert server.process.terminate().status == 0
    assert not (server.data / "run/server.json").exists()
    gone = server.cli("envoys", "list")
    assert gone.status == 1
    assert "no server runs on this folder; start it with `vigosrv run" in gone.err
    server.start()
    runs.append(envoy.run())
    assert (runs[-1]["generation"], runs[-1]["delivered"]) == (generation, True)
    assert [run["id"] for run in server.runs("web-1")] == [run["run_id"] for run in runs]
    assert server.envoy("web-1")["last_seen_at"] is not None


def test_sigterm_lets_the_report_of_a_daemon_through_or_leaves_it_waiting(server: Server, folder: Path) -> None:
    server.publish(POLICY)
    envoy = Envoy("web-2", folder, server).enrol()
    with envoy.daemon() as daemon:
        daemon.until("a first run", lambda: server.runs("web-2"))
        assert server.process.terminate().status == 0
        server.start()
        daemon.until("nothing to wait", lambda: envoy.status()["waiting_runs"] == 0)
        assert daemon.terminate().status == 0
    arrived = [run["id"] for run in server.runs("web-2")]
    assert arrived == sorted(set(arrived))


def test_sighup_applies_the_settings_and_wrong_ones_leave_those_in_force(server: Server, folder: Path) -> None:
    server.publish(POLICY)
    envoy = Envoy("web-3", folder, server).enrol()
    (server.data / "server.yaml").write_text("check_in_interval: 1s\n")
    server.reload()
    with envoy.daemon(interval=None) as daemon:
        daemon.until("cycles at the new interval", lambda: len(server.runs("web-3")) > 2)
        assert daemon.terminate().status == 0
    (server.data / "server.yaml").write_text("check_in_intervall: 9s\n")
    server.process.send(signal.SIGHUP)
    server.process.until_it_says("not reloaded, what was in force stays")
    assert "did you mean 'check_in_interval'?" in server.process.err
    assert outcomes(envoy.run()) == {"app/conf": "unchanged"}
    (server.data / "server.yaml").write_text("")
    server.reload()


def test_sighup_makes_a_daemon_run_a_cycle_at_once(server: Server, folder: Path) -> None:
    server.publish(POLICY)
    envoy = Envoy("web-4", folder, server).enrol()
    with envoy.daemon("7d") as daemon:
        daemon.until("a first run", lambda: server.runs("web-4"))
        envoy.write("etc/conf", "drift\n")
        daemon.send(signal.SIGHUP)
        daemon.until("the drift to be healed", lambda: envoy.read("etc/conf") == "x\n")
        assert daemon.terminate().status == 0


def test_a_second_server_on_one_folder_is_refused_and_the_first_serves_on(server: Server) -> None:
    second = call("vigosrv", "run", "--data-dir", server.data, *LOOPBACK)
    assert (second.status, second.out) == (1, "")
    assert f"another vigosrv uses this data folder (process {server.process.pid})" in second.err
    first = call("vigosrv", "init", "--data-dir", server.data)
    assert (first.status, first.out) == (1, "")
    assert json.loads(server.cli("envoys", "list", "--json").out)["items"] == server.get("/api/v1/envoys")["items"]


def test_after_kill_9_of_the_server_vigocli_says_that_nothing_listens_there(folder: Path) -> None:
    with Server(folder) as server:
        server.process.kill()
        gone = server.cli("envoys", "list")
        assert gone.status == 1
        assert "nothing listens there" in gone.err
        assert server.cli("doctor").status == 1

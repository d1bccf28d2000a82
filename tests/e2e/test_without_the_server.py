import signal
from pathlib import Path

import pytest

from tests.e2e.world import Envoy, Server, crate, entries, outcomes

CONF = '{name: conf, type: file, path: /etc/conf, content: "port = 80\\n"}'
POLICY = crate("app", CONF) | entries(web_x="app", kill_x="app", term_x="app")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_without_the_server_runs_go_on_and_arrive_later_in_their_order_each_once(
    number: signal.Signals, server: Server, folder: Path
) -> None:
    generation = server.publish(POLICY)
    name = f"{number.name.removeprefix('SIG').lower()}-1"
    envoy = Envoy(name, folder, server).enrol()
    runs = [envoy.run()]
    server.process.send(number)
    assert server.process.ended().status == (0 if number is signal.SIGTERM else -signal.SIGKILL)
    for waiting in range(1, 4):
        envoy.write("etc/conf", f"drift {waiting}\n")
        runs.append(envoy.run())
        assert (runs[-1]["offline"], runs[-1]["delivered"], runs[-1]["waiting_runs"]) == (True, False, waiting)
        assert outcomes(runs[-1]) == {"app/conf": "changed"}
        assert f"the policy of generation {generation} held here is applied" in runs[-1]["message"]
        assert "nothing listens there" in runs[-1]["message"]
        assert envoy.read("etc/conf") == "port = 80\n"
    told = envoy.once()
    assert told.status == 0
    assert "without the server" in told.out
    status = envoy.status()
    assert status["waiting_runs"] == 4
    assert "nothing listens there" in status["contact_problem"]
    server.start()
    assert server.process.out.split()[-1] == f"generation={generation}"
    runs.append(envoy.run())
    assert (runs[-1]["offline"], runs[-1]["delivered"], runs[-1]["waiting_runs"]) == (False, True, 0)
    arrived = server.runs(name)
    assert len({run["id"] for run in arrived}) == len(arrived) == 6
    assert [run["offline"] for run in arrived] == [False, True, True, True, True, False]
    assert [run["id"] for run in arrived if run["id"] != arrived[4]["id"]] == [run["run_id"] for run in runs]
    assert {run["dropped_runs"] for run in arrived} == {0}
    assert server.envoy(name)["convergence"] == "converged"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_daemon_heals_while_the_server_is_gone_and_delivers_by_itself_once_it_is_back(
    number: signal.Signals, server: Server, folder: Path
) -> None:
    server.publish(POLICY)
    name = f"{number.name.removeprefix('SIG').lower()}-2"
    envoy = Envoy(name, folder, server).enrol()
    with envoy.daemon() as daemon:
        daemon.until("a first run", lambda: server.runs(name))
        server.process.send(number)
        server.process.ended()
        envoy.write("etc/conf", "drift\n")
        daemon.until("the drift to be healed", lambda: envoy.read("etc/conf") == "port = 80\n")
        daemon.until("a run that waits", lambda: envoy.status()["waiting_runs"] > 0)
        server.start()
        daemon.until("nothing to wait", lambda: envoy.status()["waiting_runs"] == 0)
        assert daemon.terminate().status == 0
    arrived = server.runs(name)
    assert len({run["id"] for run in arrived}) == len(arrived)
    assert [run["id"] for run in arrived] == sorted(run["id"] for run in arrived)
    # By the event or at the interval, whichever came first: it was healed once.
    assert sum(run["counts"]["changed"] for run in arrived[1:]) == 1
    assert {run["dropped_runs"] for run in arrived} == {0}


def test_before_the_first_policy_a_missing_server_is_a_failure_that_says_so(server: Server, folder: Path) -> None:
    server.publish(POLICY)
    envoy = Envoy("web-1", folder, server).enrol()
    server.process.kill()
    report = envoy.run(status=1)
    assert report["run_id"] is None
    assert "no policy is held yet; nothing was applied; the server does not answer" in report["message"]
    server.start()
    assert outcomes(envoy.run()) == {"app/conf": "changed"}


def test_a_daemon_that_is_started_before_its_server_converges_once_that_is_there(server: Server, folder: Path) -> None:
    server.publish(POLICY)
    envoy = Envoy("web-2", folder, server).enrol()
    server.process.kill()
    with envoy.daemon() as daemon:
        daemon.until_it_says("no policy is held yet")
        server.start()
        daemon.until("a run", lambda: server.runs("web-2"))
        assert daemon.terminate().status == 0
    assert envoy.read("etc/conf") == "port = 80\n"


def test_another_server_at_the_same_address_gets_nothing_and_the_machine_converges_on(folder: Path) -> None:
    server, other = Server(folder / "one"), Server(folder / "two")
    with server:
        server.publish(POLICY)
        envoy = Envoy("web-1", folder, server).enrol()
        runs = [envoy.run()]
        server.process.terminate()
        other.grpc, other.api = server.grpc, server.api
        with other:
            envoy.write("etc/conf", "drift\n")
            runs.append(envoy.run())
            assert (runs[-1]["offline"], runs[-1]["waiting_runs"]) == (True, 1)
            assert "expected a certificate that the pinned CA signed, found another" in runs[-1]["message"]
            assert envoy.read("etc/conf") == "port = 80\n"
            assert other.get("/api/v1/runs")["items"] == []
            other.process.terminate()
        server.start()
        runs.append(envoy.run())
        assert [run["id"] for run in server.runs("web-1")] == [run["run_id"] for run in runs]

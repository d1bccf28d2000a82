from pathlib import Path

import pytest

from tests.e2e.circumstances import with_clock_apart
from tests.e2e.processes import call
from tests.e2e.world import Envoy, Server, crate, entries, outcomes

CONF = '{name: conf, type: file, path: /etc/conf, content: "x\\n"}'
POLICY = crate("app", CONF) | entries(web_x="app")
DAY_AHEAD, DAY_BEHIND = 1, -1


def test_a_server_a_day_ahead_is_refused_with_both_clocks_named_and_the_token_stays_good(folder: Path) -> None:
    server = Server(folder)
    with server:
        server.publish(POLICY)
        token = server.token("web-1")
        server.process.terminate()
    (server.data / "keys/server.pem").unlink()  # as if the wrong clock had been there at the last renewal
    server.prefix = with_clock_apart(DAY_AHEAD)
    envoy = Envoy("web-1", folder, server)
    with server:
        refused = call("vigo", *envoy.enrol_words(token))
        assert refused.status == 1
        assert "the server's certificate is not yet valid: this machine's clock says 20" in refused.err
        told = server.cli("doctor")
        assert told.status == 1
        assert "the server's certificate is not yet valid" in told.out
        server.process.terminate()
    server.prefix = ()
    with server:
        assert outcomes(envoy.enrol(token).run()) == {"app/conf": "changed"}


@pytest.mark.parametrize("days", [DAY_AHEAD, DAY_BEHIND])
def test_an_envoy_whose_clock_is_off_by_a_day_still_converges_and_delivers(
    days: int, server: Server, folder: Path
) -> None:
    server.publish(POLICY)
    name = f"web-{days + 2}"
    envoy = Envoy(name, folder, server).enrol()
    runs = [envoy.run()]
    envoy.prefix = with_clock_apart(days)
    envoy.write("etc/conf", "drift\n")
    runs.append(envoy.run())
    assert outcomes(runs[-1]) == {"app/conf": "changed"}
    envoy.prefix = ()
    runs.append(envoy.run())
    assert [run["delivered"] for run in runs] == [True, True, True]
    assert [run["id"] for run in server.runs(name)] == [run["run_id"] for run in runs]


def test_a_server_whose_clock_jumps_a_day_keeps_its_envoys(folder: Path) -> None:
    server = Server(folder)
    with server:
        server.publish(POLICY)
        envoy = Envoy("web-1", folder, server).enrol()
        runs = [envoy.run()]
        for days in (DAY_AHEAD, DAY_BEHIND):
            server.process.terminate()
            server.prefix = with_clock_apart(days)
            server.start()
            runs.append(envoy.run())
            assert (runs[-1]["delivered"], runs[-1]["message"]) == (True, "")
        assert [run["id"] for run in server.runs("web-1")] == [run["run_id"] for run in runs]

from pathlib import Path

from tests.e2e.circumstances import small_disk
from tests.e2e.processes import call
from tests.e2e.world import Envoy, Server, crate, entries, outcomes

FILES = [
    f'{{name: f{number}, type: file, path: /etc/f{number}, content: "{{{{ traits.network.hostname }}}} {number}\\n"}}'
    for number in range(30)
]
POLICY = crate("app", *FILES) | entries(web_x="app")
LOOPBACK = ("--grpc-listen", "127.0.0.1:0", "--api-listen", "127.0.0.1:0")
MOST_RUNS_THAT_FIT = 30


def test_on_a_full_disk_a_server_loses_nothing_says_so_and_goes_on_once_there_is_room(folder: Path) -> None:
    with small_disk(folder / "server", megabytes=6) as disk, Server(folder, disk.prefix) as server:
        server.seen_from_here = disk.seen_from_here
        server.publish(POLICY)
        envoy = Envoy("web-1", folder, server).enrol()
        runs = [envoy.run()]
        server.write_stacks(crate("app", FILES[0]) | entries(web_x="app"))
        disk.fill()
        while runs[-1]["delivered"]:
            assert len(runs) < MOST_RUNS_THAT_FIT
            envoy.write("etc/f1", "drift\n")
            runs.append(envoy.run())
            assert outcomes(runs[-1])["app/f1"] == "changed"
        envoy.write("etc/f2", "drift\n")
        runs.append(envoy.run())
        assert runs[-1]["waiting_runs"] == 2
        refused = server.cli("tokens", "create", "--hostname", "web-2")
        assert refused.status == 1
        assert "disk is full" in refused.err
        published = server.cli("config", "publish", "-m", "no room for it")
        assert published.status == 1
        assert "disk is full" in published.err
        assert [generation["number"] for generation in server.get("/api/v1/generations")["items"]] == [1]
        disk.make_room()
        runs.append(envoy.run())
        assert (runs[-1]["delivered"], runs[-1]["waiting_runs"]) == (True, 0)
        assert [run["id"] for run in server.runs("web-1")] == [run["run_id"] for run in runs]
        assert server.cli("config", "publish", "-m", "now there is").status == 0
        assert outcomes(envoy.run()) == {"app/f0": "unchanged"}


def test_on_a_full_disk_a_server_neither_begins_nor_starts_says_so_and_does_both_once_there_is_room(
    folder: Path,
) -> None:
    with small_disk(folder / "disk", megabytes=6) as disk:
        server = Server(folder / "disk", disk.prefix)
        words = ("vigosrv", "init", "--data-dir", server.data)
        disk.fill()
        refused = call(*words, prefix=disk.prefix)
        assert refused.status == 1
        assert "the disk is full; make room" in refused.err
        disk.make_room()
        assert call(*words, prefix=disk.prefix).status == 0
        disk.fill()
        refused = call("vigosrv", "run", *words[2:], *LOOPBACK, prefix=disk.prefix)
        assert refused.status == 1
        assert "disk is full" in refused.err
        disk.make_room()
        made = call(*words, prefix=disk.prefix)
        assert "initialised already" in made.err


def test_on_a_full_disk_an_agent_converges_and_delivers_and_what_waited_before_still_arrives(
    server: Server, folder: Path
) -> None:
    server.publish(POLICY)
    envoy = Envoy("web-1", folder, server)
    with small_disk(envoy.state, megabytes=4) as disk:
        envoy.prefix = disk.prefix
        envoy.enrol()
        first = envoy.run()
        server.process.kill()
        waiting = envoy.run()
        assert waiting["waiting_runs"] == 1
        disk.fill()
        envoy.write("etc/f1", "drift\n")
        healed = envoy.run()
        assert outcomes(healed)["app/f1"] == "changed"
        assert envoy.read("etc/f1") == "web-1 1\n"
        server.start()
        envoy.write("etc/f2", "drift\n")
        full = envoy.run()
        assert outcomes(full)["app/f2"] == "changed"
        disk.make_room()
        last = envoy.run()
        assert (last["delivered"], last["waiting_runs"]) == (True, 0)
        arrived = [run["id"] for run in server.runs("web-1")]
        assert len(set(arrived)) == len(arrived)
        assert {first["run_id"], waiting["run_id"], full["run_id"], last["run_id"]} <= set(arrived)

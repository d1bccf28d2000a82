"""What kill -9 leaves behind, at moments that the test knows since the policy itself waits there, and at any others."""

import json
import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.e2e.processes import Background, Ended
from tests.e2e.world import Envoy, Server, crate, entries, outcomes

ROUNDS = 10
SIZE = 200_000


class Gate:
    """Where a policy waits: `arrived` is there once it does, and what is written to `gate` lets it go on."""

    def __init__(self, place: Path) -> None:
        self.arrived, self._gate, self._open = place / "arrived", place / "gate", place / "open"
        os.mkfifo(self._gate)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let go on who still waits there, also after a failure."""
        self.leave_open()
        with suppress(OSError):
            os.close(os.open(self._gate, os.O_WRONLY | os.O_NONBLOCK))

    @property
    def command(self) -> str:
        """What waits, as a shell's text; once the gate was left open it goes on at once."""
        return f"touch {self.arrived}; test -e {self._open} || read line < {self._gate}"

    def leave_open(self) -> None:
        self._open.touch()

    def open(self) -> None:
        """Let who waits there go on."""
        self._gate.write_text("on\n")

    def reached_by(self, process: Background) -> None:
        process.until("the middle of the run", self.arrived.exists)


def waiting_in_exec(envoy: Envoy, gate: Gate) -> dict[str, str]:
    """Return a policy whose second of three resources waits."""
    place = envoy.place
    return crate(
        "app",
        f'{{name: first, type: file, path: {place}/first, content: "1\\n"}}',
        f'{{name: wait, type: exec, shell: "{gate.command}; touch {place}/done", creates: {place}/done,'
        " depends_on: [first]}",
        f'{{name: last, type: file, path: {place}/last, content: "3\\n", depends_on: [wait]}}',
    ) | entries(**{envoy.name.replace("-", "_"): "app"})


def this_machine(name: str, folder: Path, server: Server) -> Envoy:
    return Envoy(name, folder, server, is_image=False)


def test_after_a_kill_in_the_middle_of_a_run_the_next_one_finishes_it_and_no_run_is_doubled(
    server: Server, folder: Path
) -> None:
    envoy = this_machine("mid-1", folder, server)
    gate = Gate(envoy.place)
    server.publish(waiting_in_exec(envoy, gate))
    envoy.enrol()
    with gate, envoy.run_in_background() as run:
        gate.reached_by(run)
        assert (envoy.read("first"), envoy.read("last")) == ("1\n", None)
        run.kill()
        gate.open()
    assert server.runs("mid-1") == []
    healed = envoy.run()
    assert outcomes(healed)["app/first"] == "unchanged"
    assert outcomes(healed)["app/last"] == "changed"
    assert set(outcomes(envoy.run()).values()) == {"unchanged"}
    assert [run["outcome"] for run in server.runs("mid-1")] == ["changed", "unchanged"]


def test_a_kill_while_a_file_is_replaced_leaves_the_former_file_whole(server: Server, folder: Path) -> None:
    envoy = this_machine("mid-2", folder, server)
    gate = Gate(envoy.place)
    path, new = envoy.place / "conf", "new\n" * SIZE
    (server.stacks / "files").mkdir(exist_ok=True)
    (server.stacks / "files/new").write_text(new)
    conf = f'{{name: conf, type: file, path: {path}, source: files/new, validate: [sh, -c, "{gate.command}", "%"]}}'
    server.publish(crate("app", conf) | entries(mid_2="app"))
    envoy.enrol()
    path.write_text("former\n")
    with gate, envoy.run_in_background() as run:
        gate.reached_by(run)
        assert path.read_text() == "former\n"
        run.kill()
        gate.open()
    assert path.read_text() == "former\n"
    assert len(list(envoy.place.glob(".vigo-new-*"))) == 1
    assert outcomes(envoy.run()) == {"app/conf": "changed"}
    assert path.read_text() == new
    assert list(envoy.place.glob(".vigo-new-*")) == []


def test_sigterm_in_the_middle_of_a_run_finishes_the_resource_and_leaves_the_rest_for_the_next(
    server: Server, folder: Path
) -> None:
    envoy = this_machine("mid-3", folder, server)
    gate = Gate(envoy.place)
    server.publish(waiting_in_exec(envoy, gate))
    envoy.enrol()
    with gate, envoy.daemon() as daemon:
        gate.reached_by(daemon)
        daemon.send(signal.SIGTERM)
        gate.open()
        assert daemon.ended().status == 0
    assert (envoy.place / "done").exists()
    assert envoy.read("last") is None
    finished = envoy.run()
    assert outcomes(finished)["app/last"] == "changed"
    ended, after = server.runs("mid-3")
    assert {name: result["outcome"] for name, result in server.results(ended["id"]).items()} == {
        "app/first": "changed",
        "app/wait": "changed",
        "app/last": "skipped",
    }
    assert "asked to stop" in server.results(ended["id"])["app/last"]["reason"]
    assert after["id"] == finished["run_id"]


def test_a_second_run_waits_its_turn_and_says_who_holds_it_up(server: Server, folder: Path) -> None:
    envoy = this_machine("mid-4", folder, server)
    gate = Gate(envoy.place)
    server.publish(waiting_in_exec(envoy, gate))
    envoy.enrol()
    with gate, envoy.run_in_background() as run:
        gate.reached_by(run)
        refused = envoy.once("--wait", "0")
        assert refused.status == 1
        assert f"(process {run.pid})" in refused.err
        gate.open()
        assert run.ended().status == 0


def test_a_server_killed_while_a_run_is_on_its_way_gets_it_later_and_once(server: Server, folder: Path) -> None:
    envoy = this_machine("mid-5", folder, server)
    gate = Gate(envoy.place)
    server.publish(waiting_in_exec(envoy, gate))
    envoy.enrol()
    with gate, envoy.run_in_background() as run:
        gate.reached_by(run)
        server.process.kill()
        gate.open()
        report = json.loads(run.ended().out)
    server.start()
    assert (report["offline"], report["delivered"], report["waiting_runs"]) == (False, False, 1)
    later = envoy.run()
    assert [run["id"] for run in server.runs("mid-5")] == [report["run_id"], later["run_id"]]


def test_after_kills_of_either_side_at_any_moment_what_was_acknowledged_is_there_once(
    server: Server, folder: Path
) -> None:
    moments = random.Random(20_260_101)  # noqa: S311 - the same moments each time, not secrets
    envoy = Envoy("any-1", folder, server)
    files = [f'{{name: f{number}, type: file, path: /etc/f{number}, content: "x\\n"}}' for number in range(20)]
    server.publish(crate("app", *files) | entries(any_1="app"))
    envoy.enrol()
    begun = time.monotonic()
    kept = [envoy.run()["run_id"]]
    whole_life = time.monotonic() - begun
    for round_number in range(ROUNDS):
        for number in range(0, 20, 3):
            envoy.write(f"etc/f{number}", f"drift {round_number}\n")
        with envoy.run_in_background() as run:
            if moments.random() < 0.5:
                ended = run.kill_after(moments.uniform(0, whole_life))
            else:
                server.process.kill_after(moments.uniform(0, whole_life))
                ended = run.ended()
                server.start()
        kept += _kept(ended)
        assert {path.read_text() for path in (envoy.place / "etc").glob("f*")} <= {"x\n", f"drift {round_number}\n"}
    last = envoy.run()
    assert (last["delivered"], last["waiting_runs"]) == (True, 0)
    arrived = [run["id"] for run in server.runs("any-1")]
    assert len(set(arrived)) == len(arrived)
    assert [run for run in arrived if run in kept] == kept
    assert arrived == sorted(arrived)
    assert {path.read_text() for path in (envoy.place / "etc").iterdir()} == {"x\n"}
    assert server.envoy("any-1")["convergence"] == "converged"
    assert {run["dropped_runs"] for run in server.runs("any-1")} == {0}


def _kept(ended: Ended) -> list[str]:
    """Return the run that an agent had finished and written down before its end, if it did."""
    try:
        run_id = json.loads(ended.out)["run_id"]
    except ValueError:
        return []
    return [] if run_id is None else [run_id]

"""Tasks from the command line to the machines and back, with either end killed in the middle."""

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import Background, Ended, until
from tests.e2e.wire import Wire
from tests.e2e.world import Envoy, Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "server") as running:
        yield running


@contextmanager
def daemons(server: Server, folder: Path, *names: str) -> Iterator[dict[str, Background]]:
    """Give daemons of this very machine, which hold their streams and are given no policy."""
    envoys = [Envoy(name, folder, server, is_image=False).enrol() for name in names]
    with ExitStack() as stack:
        running = {envoy.name: stack.enter_context(envoy.daemon("1h")) for envoy in envoys}
        for name in names:
            until_connected(server, name)
        yield running


def until_connected(server: Server, name: str) -> None:
    until("presence", lambda: server.envoy(name)["connected_since"] is not None, lambda: server.process.err)


def run(server: Server, *words: str) -> Ended:
    return server.cli("task", "run", *words)


def objects(done: Ended) -> dict[str, dict[str, Any]]:
    """Return by host what `--json` prints."""
    found = [json.loads(line) for line in done.out.splitlines()]
    assert len({one["host"] for one in found}) == len(found), done
    return {one["host"]: one for one in found}


def begun(server: Server, *words: str) -> str:
    """Return the id of a task that goes on."""
    return str(server.ask("task", "run", *words, "--detach")["id"])


def part(server: Server, task: str, host: str = "web-1") -> dict[str, Any]:
    targets: list[dict[str, Any]] = server.ask("task", "show", task)["targets"]
    return next(one for one in targets if one["hostname"] == host)


def ended(server: Server, task: str, host: str = "web-1") -> dict[str, Any]:
    """Return a part of a task once it has its final state."""
    until("its end", lambda: part(server, task, host)["ended_at"] is not None, lambda: server.process.err)
    return part(server, task, host)


def test_a_task_shows_what_each_machine_prints_and_how_it_ended(server: Server, tmp_path: Path) -> None:
    with daemons(server, tmp_path, "web-1", "web-2", "db-1"):
        done = run(server, "echo out; echo err >&2; printf '\\303\\251 %s' \"$VIGO_TASK\" | wc -c", "-t", "web-*")
        assert done.status == 0, done
        lines = done.out.splitlines()
        for host in ("web-1", "web-2"):
            assert [line for line in lines if line.startswith(f"{host} |")] == [
                f"{host} | {text}" for text in ("out", "err", "39")
            ]
            assert any(line.startswith(f"{host}  succeeded in ") for line in lines)
        assert done.err == "2 of 2 succeeded\n"

        done = run(server, "exit 3", "--all", "--json")
        assert done.status == 1
        assert {host: (one["state"], one["exit_code"]) for host, one in objects(done).items()} == dict.fromkeys(
            ("web-1", "web-2", "db-1"), ("failed", 3)
        )
        (newest, former) = server.ask("task", "list")["items"]
        assert (newest["counts"], former["counts"]) == ({"failed": 3}, {"succeeded": 2})
        shown = server.cli("task", "show", former["id"])
        assert "web-2 | err" in shown.out
        again = server.cli("task", "rerun", newest["id"], "--failed", "--json")
        assert set(objects(again)) == {"web-1", "web-2", "db-1"}
        refused = server.cli("task", "rerun", former["id"], "--failed")
        assert (refused.status, "found none; leave --failed out" in refused.err) == (1, True)


def test_a_task_ends_at_its_time_and_when_it_is_cancelled_with_all_it_started(server: Server, tmp_path: Path) -> None:
    with daemons(server, tmp_path, "web-1"):
        marks = tmp_path / "pid"
        stay = f"echo begun; sleep 300 & echo $! >{marks}; wait"
        done = run(server, stay, "--all", "--timeout", "1s", "--json")
        one = objects(done)["web-1"]
        assert (one["state"], one["output"]) == ("timed-out", "begun\n")
        assert not is_alive(int(marks.read_text()))

        marks.unlink()
        task = begun(server, stay, "--all")
        until("its begin", marks.exists, lambda: server.process.err)
        assert server.cli("task", "cancel", task).status == 0
        one = ended(server, task)
        assert (one["state"], one["reason"]) == ("cancelled", "cancelled by admin")
        assert not is_alive(int(marks.read_text()))
        assert "it had ended before" in server.cli("task", "cancel", task).out


def is_alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_whom_it_is_for_is_said_and_shown(server: Server, tmp_path: Path) -> None:
    with daemons(server, tmp_path, "web-1"):
        Envoy("db-1", tmp_path, server, is_image=False).enrol()
        dry = run(server, f"touch {tmp_path}/ran", "--all", "--dry-run")
        assert dry.out == "db-1  not connected\nweb-1  connected\nit would run on 2; nothing was run\n"
        assert not (tmp_path / "ran").exists()
        for words, status, reason in (
            ((), 2, "expected whom it is for"),
            (("-t", "nobody"), 1, "found none"),
            (("--all", "--batch", "0%"), 1, "batch: expected"),
            (("--all", "--timeout", "1y"), 2, "expected a duration such as"),
            (("--role", "none"), 1, "found none"),
        ):
            done = run(server, "true", *words)
            assert (done.status, reason in done.err) == (status, True), done
        assert "command: expected" in run(server, " ", "--all").err
        assert server.ask("task", "list")["items"] == []


def test_who_is_away_is_told_of_or_waited_for(server: Server, tmp_path: Path) -> None:
    web = Envoy("web-1", tmp_path, server, is_image=False).enrol()
    task = begun(server, "echo hello", "--all", "--queue-offline", "1h")
    assert part(server, task)["state"] == "waiting"
    with web.daemon("1h"):
        one = ended(server, task)
        assert (one["state"], one["output"]) == ("succeeded", "hello\n")


def test_a_killed_agent_tells_what_it_can_and_nothing_is_run_twice(server: Server, tmp_path: Path) -> None:
    counted = tmp_path / "runs"
    envoy = Envoy("web-1", tmp_path, server, is_image=False).enrol()
    with envoy.daemon("1h"):
        until_connected(server, "web-1")
        task = begun(server, f"echo x >>{counted}; echo printed; exec sleep 300", "--all")
        until("its output", lambda: part(server, task)["output"] == "printed\n", lambda: server.process.err)
    orphan = next(
        int(folder.name)
        for folder in Path("/proc").iterdir()
        if folder.name.isdecimal() and f"VIGO_TASK={task}".encode() in environment(folder)
    )
    os.kill(orphan, signal.SIGKILL)
    with envoy.daemon("1h"):
        one = ended(server, task)
        assert (one["state"], one["reason"]) == ("lost", "the agent was gone while it ran")
        assert one["output"] == "printed\n"
    assert counted.read_text() == "x\n"


def environment(folder: Path) -> bytes:
    try:
        return (folder / "environ").read_bytes()
    except OSError:
        return b""


def test_a_killed_server_learns_how_it_ended(server: Server, tmp_path: Path) -> None:
    counted, go = tmp_path / "runs", tmp_path / "go"
    with daemons(server, tmp_path, "web-1", "web-2"):
        wait = f"echo x >>{counted}; echo before; until [ -e {go} ]; do sleep 0.05; done; echo after"
        task = begun(server, wait, "--all", "--batch", "1")
        until("its output", lambda: part(server, task)["output"] == "before\n", lambda: server.process.err)
        server.process.kill()
        go.touch()
        server.start()
        for name in ("web-1", "web-2"):
            one = ended(server, task, name)
            assert (one["state"], one["output"]) == ("succeeded", "before\nafter\n")
        assert counted.read_text() == "x\nx\n"
        watched = server.cli("task", "watch", task)
        assert (watched.status, watched.out.count(" | after")) == (0, 2)


def test_output_without_end_is_bounded_and_costs_no_one_else(server: Server, tmp_path: Path) -> None:
    with daemons(server, tmp_path, "web-1", "web-2"):
        flood = begun(server, "yes $(seq 1 100) | head -c 30000000; echo the end", "-t", "web-1")
        assert run(server, "echo fine", "-t", "web-2").status == 0
        one = ended(server, flood)
        assert (one["state"], one["output_bytes"]) == ("succeeded", 30_000_000 + len("the end\n"))
        assert len(one["output"]) < 300_000
        assert one["output"].endswith("the end\n")
        assert "bytes left out" in one["output"]


def test_once_too_many_failed_no_other_is_started(server: Server, tmp_path: Path) -> None:
    names = tuple(f"web-{number}" for number in range(4))
    with daemons(server, tmp_path, *names):
        done = run(server, "exit 1", "--all", "--batch", "25%", "--max-failures", "1", "--json")
        states = sorted(one["state"] for one in objects(done).values())
        assert states == ["cancelled", "cancelled", "failed", "failed"]


def test_an_image_is_no_machine_to_run_on(server: Server, tmp_path: Path) -> None:
    envoy = Envoy("web-1", tmp_path, server).enrol()
    with envoy.daemon("1h"):
        until_connected(server, "web-1")
        one = objects(run(server, "true", "--all", "--json"))["web-1"]
        assert one["state"] == "refused"
        assert "not run for an image" in one["reason"]


def test_machines_answer_what_they_know_of_themselves(server: Server, tmp_path: Path) -> None:
    image = Envoy("img-1", tmp_path, server).enrol()
    image.write("etc/hostname", "img-1\n")
    with daemons(server, tmp_path, "web-1"), image.daemon("1h"):
        until_connected(server, "img-1")
        done = server.cli("query", "traits.os.family", "--all", "--json")
        assert done.status == 0, done
        assert {host: one["value"] for host, one in objects(done).items()}["img-1"] == "linux"
        done = server.cli("query", "[1, {'a': none}, 'x']", "-t", "web-1")
        assert (done.status, done.out, done.err) == (0, 'web-1  [1,{"a":null},"x"]\n', "1 of 1 answered\n")
        counted = server.cli("query", "directory_exists('/etc')", "--all", "--count")
        assert counted.out == "     2  true\n"
        failed = server.cli("query", "traits.os.nothing", "--all")
        assert failed.status == 1
        assert failed.err.count("it cannot be answered here") == 2
        assert "expression: expected one such as" in server.cli("query", "traits.os.", "--all").err
        assert "nobody was asked" in server.cli("query", "1", "--all", "--dry-run").out
        kinds = [(one["kind"], one["command"]) for one in server.ask("task", "list")["items"]]
        assert ("query", "traits.os.nothing") in kinds


def test_a_cut_is_noticed_by_both_ends_and_costs_neither_the_task_nor_its_output(
    server: Server, tmp_path: Path
) -> None:
    """It takes half a minute: two and a half beats, with nothing to hurry them."""
    envoy = Envoy("web-1", tmp_path, server, is_image=False).enrol()
    host, _, port = server.grpc.rpartition(":")
    with Wire(host, int(port)) as wire:
        record = envoy.state / "identity/identity.json"
        record.write_text(json.dumps(json.loads(record.read_text()) | {"grpc_addresses": [wire.address]}))
        with envoy.daemon("1h") as daemon:
            until_connected(server, "web-1")
            go = tmp_path / "go"
            count = "for n in $(seq 20000); do echo line $n of many; done"
            task = begun(server, f"echo before; until [ -e {go} ]; do sleep 0.05; done; {count}", "--all")
            until("its output", lambda: part(server, task)["output"] == "before\n", lambda: server.process.err)
            wire.cut()
            go.touch()
            until("absence", lambda: server.envoy("web-1")["connected_since"] is None, lambda: server.process.err)
            daemon.until_it_says("task ended")
            daemon.until("the end of the stream", lambda: "stream ended" in daemon.err)
            assert part(server, task)["ended_at"] is None
            wire.heal()
            one = ended(server, task)
            assert (one["state"], one["output_bytes"]) == ("succeeded", len(one["output"].encode()) + left_out(one))
            assert one["output"].startswith("before\nline 1 of many\nline 2 of many\n")
            assert one["output"].endswith("line 20000 of many\n")


def left_out(one: dict[str, Any]) -> int:
    """Return how many bytes of an output are not kept, less the line that says so."""
    found = re.search(r"\n\.\.\. ([0-9]+) bytes left out \.\.\.\n", one["output"])
    assert found is not None
    return int(found[1]) - len(found[0])


TASKS = """\
tasks:
  say:
    description: Say something so many times
    command: for n in $(seq "$PARAM_TIMES"); do printf '%s\\n' "$PARAM_TEXT"; done
    parameters:
      text: {description: what}
      times: {type: integer, default: 1}
    match: web-*
"""


def test_a_task_of_the_stacks_is_run_by_its_name(server: Server, tmp_path: Path) -> None:
    server.publish({"envoys.vgo": "envoys: []\n", "tasks.vgo": TASKS})
    with daemons(server, tmp_path, "web-1", "db-1"):
        hostile = '$(touch /nowhere); `id` "; exit 3 #'
        done = run(server, "--named", "say", "-p", f"text={hostile}", "-p", "times=2", "-t", "web-1")
        assert done.status == 0, done
        assert done.out.splitlines()[:2] == [f"web-1 | {hostile}"] * 2
        listed = server.cli("task", "named")
        assert re.search(
            r"^say +text, times=1 \(integer\) +yes +Say something so many times$", listed.out, re.MULTILINE
        )
        for words, status, problem in (
            (("--named", "say", "-p", "text=x", "--all"), 1, "does not let say run on db-1"),
            (("--named", "say", "-t", "web-1"), 1, "text: expected a value"),
            (("--named", "sy", "-t", "web-1"), 1, "did you mean 'say'?"),
            (("--named", "say", "-p", "text", "-t", "web-1"), 2, "NAME=VALUE"),
            (("--named", "say", "--user", "root", "-t", "web-1"), 2, "tasks.vgo says that"),
            (("uptime", "--named", "say", "-t", "web-1"), 2, "found both"),
            (("-t", "web-1"), 2, "found neither"),
            (("uptime", "-p", "a=b", "-t", "web-1"), 2, "--named"),
        ):
            done = run(server, *words)
            assert (done.status, problem in done.err) == (status, True), (words, done)

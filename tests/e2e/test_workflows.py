"""Workflows from the command line to the machines and back, with the server killed in the middle."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import Ended, until
from tests.e2e.test_tasks import until_connected
from tests.e2e.world import Envoy, Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "server") as running:
        yield running


@contextmanager
def machines(server: Server, folder: Path, *names: str) -> Iterator[dict[str, Envoy]]:
    """Give machines of this very machine, each with a folder of its own, whose daemons hold their streams."""
    envoys = {name: Envoy(name, folder, server, is_image=False).enrol() for name in names}
    with ExitStack() as stack:
        for envoy in envoys.values():
            stack.enter_context(envoy.daemon("1h"))
        for name in names:
            until_connected(server, name)
        yield envoys


def stacks(folder: Path, workflows: str) -> dict[str, str]:
    tasks = f"""\
tasks:
  mark:
    description: Leave a mark
    command: echo "$PARAM_WORD" >> {folder}/marks
    parameters: {{word: {{}}}}
    health_check: test -e {folder}/marks
  slow:
    description: Wait until somebody says so
    command: |
      echo begun >> {folder}/begun
      while ! [ -e {folder}/go ]; do sleep 0.05; done
  fail: {{description: Fail, command: exit 3}}
"""
    crate = f"configcrate: base\nresources: [{{name: motd, type: file, path: {folder}/motd, content: 'hello'}}]\n"
    entries = 'envoys: [{match: "web-1", configcrates: [base]}, {match: "*", configcrates: []}]\n'
    return {"envoys.vgo": entries, "configcrates/base.vgo": crate, "tasks.vgo": tasks, "workflows.vgo": workflows}


ROLL = """\
workflows:
  roll:
    description: Bring it to the web machines
    target: "web-*"
    parameters: {word: {default: rolled}}
    steps:
      - rolling: 1
        steps:
          - {task: mark, with: {word: "{{ parameters.word }}"}}
          - {push: now}
          - {wait: converged, within: 1m}
          - {check: "true"}
      - {approval: Look at it}
      - {pause: 1s}
      - {task: slow, target: web-1}
  fails:
    description: Fail on one
    target: {where: "hostname != 'web-2'"}
    steps: [{task: fail}, {task: mark, with: {word: never}}]
"""


def run(server: Server, *words: str) -> Ended:
    return server.cli("workflow", *words)


def shown(server: Server, made: str) -> dict[str, Any]:
    found: dict[str, Any] = server.ask("workflow", "show", made)
    return found


def until_state(server: Server, made: str, state: str) -> dict[str, Any]:
    until(state, lambda: shown(server, made)["state"] == state, lambda: f"{shown(server, made)}")
    return shown(server, made)


def test_a_workflow_goes_through_its_steps_also_when_the_server_is_killed(server: Server, tmp_path: Path) -> None:
    server.publish(stacks(tmp_path, ROLL))
    with machines(server, tmp_path, "web-1", "web-2"):
        dry = run(server, "run", "roll", "--dry-run")
        assert dry.out.splitlines() == [
            "1  in batches of 1",
            "   web-1",
            "   web-2",
            "2  Look at it",
            "3  pause",
            "4  task slow",
            "   web-1",
        ]
        assert not (tmp_path / "marks").exists()
        made = server.ask("workflow", "run", "roll", "-p", "word=new", "--detach")["id"]
        found = until_state(server, made, "waiting")
        assert (tmp_path / "marks").read_text() == "new\nnew\n"
        assert (tmp_path / "motd").read_text() == "hello", "it was pushed"
        assert {step["state"] for step in found["steps"][:9]} == {"succeeded"}
        listed = run(server, "list")
        assert "2: Look at it" in listed.out

        server.process.kill()
        server.start()
        assert shown(server, made)["state"] == "waiting"
        approved = run(server, "approve", made, "--step", "2")
        assert approved.status == 0, approved
        until("the last step", (tmp_path / "begun").exists, lambda: f"{shown(server, made)}")
        server.process.kill()
        server.start()
        (tmp_path / "go").touch()
        watched = run(server, "watch", made)
        assert watched.status == 0, watched
        assert "2  Look at it  succeeded: approved by admin" in watched.out
        assert watched.err.endswith("the workflow has succeeded\n")
        assert (tmp_path / "begun").read_text() == "begun\n", "never twice"
        assert (tmp_path / "marks").read_text() == "new\nnew\n"
        again = run(server, "approve", made)
        assert (again.status, "expected a run that goes on" in again.err) == (1, True)


def test_a_step_that_fails_ends_it(server: Server, tmp_path: Path) -> None:
    server.publish(stacks(tmp_path, ROLL))
    with machines(server, tmp_path, "web-1", "web-2"):
        done = run(server, "run", "fails")
        assert done.status == 1
        made = server.ask("workflow", "list")["items"][0]["id"]
        task = shown(server, made)["steps"][0]["task"]
        why = f"1 of 1 failed (web-1): `vigocli task show {task}` says why; at most 0 may"
        assert done.out.splitlines() == [
            "1  task fail  running on web-1",
            f"1  task fail  failed, 0 of 1: {why}",
        ]
        assert done.err == f"run {made}\nthe workflow has failed: step 1 (task fail): {why}\n"
        done = run(server, "run", "fails", "--json")
        (step,) = [json.loads(line) for line in done.out.splitlines()]
        assert (step["position"], step["state"], step["failed"]) == ("1", "failed", ["web-1"])
        assert server.ask("task", "show", step["task"])["targets"][0]["exit_code"] == 3
        assert not (tmp_path / "marks").exists()
        refused = run(server, "run", "fails", "-t", "web-2")
        assert (refused.status, "found none" in refused.err) == (1, True)
        for words, problem in (
            (("run", "fail"), "did you mean 'fails'?"),
            (("run", "roll", "-p", "wrod=x"), "did you mean 'word'?"),
            (("show", "x"), "expected a workflow's run's UUID"),
            (("abort", "../x"), "expected the id of a workflow's run"),
        ):
            done = run(server, *words)
            assert (done.status, problem in done.err) == (1, True), done


def test_an_aborted_run_ends_what_it_has_under_way(server: Server, tmp_path: Path) -> None:
    text = "workflows: {slow: {description: x, target: web-1, steps: [{task: slow}]}}\n"
    server.publish(stacks(tmp_path, text))
    with machines(server, tmp_path, "web-1"):
        made = server.ask("workflow", "run", "slow", "--detach")["id"]
        until("its begin", (tmp_path / "begun").exists, lambda: f"{shown(server, made)}")
        done = run(server, "abort", made)
        assert (done.status, "aborted by admin" in done.out) == (0, True), done
        task = shown(server, made)["steps"][0]["task"]
        until("its end", lambda: server.ask("task", "show", task)["ended_at"] is not None, lambda: server.process.err)
        assert server.ask("task", "show", task)["counts"] == {"cancelled": 1}
        assert run(server, "abort", made).status == 0


def test_batches_of_a_task_wait_for_the_health_of_their_machines(server: Server, tmp_path: Path) -> None:
    server.publish(stacks(tmp_path, ROLL))
    with machines(server, tmp_path, "web-1", "web-2"):
        well = server.cli("task", "run", "--named", "mark", "-p", "word=x", "-t", "web-*", "--batch", "1")
        assert well.status == 0, well
        assert "batch 1 is healthy" in well.err
        ill = server.cli(
            *("task", "run", "true", "-t", "web-*", "--batch", "1", "--health-check", f"test -e {tmp_path}/none"),
            *("--health-within", "1s", "--json"),
        )
        assert ill.status == 1
        ends = {one["host"]: one for one in map(json.loads, ill.out.splitlines())}
        assert (ends["web-1"]["state"], ends["web-2"]["state"]) == ("succeeded", "cancelled")
        assert "the health check after batch 1 did not do well on web-1" in ends["web-2"]["reason"]
        assert server.cli("task", "run", "true", "--all", "--health-check", "true").status == 2


def test_saved_queries_are_asked_by_their_name(server: Server, tmp_path: Path) -> None:
    queries = """\
queries:
  hosts: {description: Their names, expression: traits.network.hostname, target: "web-*"}
  ids: {description: What they run, expression: traits.os.id}
"""
    server.publish({**stacks(tmp_path, ROLL), "queries.vgo": queries})
    with machines(server, tmp_path, "web-1", "db-1"):
        listed = server.cli("query", "--list")
        assert "traits.network.hostname" in listed.out
        asked = [json.loads(line) for line in server.cli("query", "--saved", "hosts", "--json").out.splitlines()]
        assert [one["host"] for one in asked] == ["web-1"]
        asked = [
            json.loads(line) for line in server.cli("query", "--saved", "hosts", "--all", "--json").out.splitlines()
        ]
        assert {one["host"] for one in asked} == {"web-1", "db-1"}
        assert server.cli("query", "--saved", "ids").status == 2, "it does not say whom"
        assert "did you mean 'hosts'?" in server.cli("query", "--saved", "host").err
        rows = server.cli("query", "traits.os", "-t", "web-1", "--rows", "1")
        assert (rows.status, "at most 1 rows, found" in rows.err) == (1, True)

import os
import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.agent.fake_machine import policy
from vigo.core.wire.messages import Methods, SignedRequest
from vigo.testing.fake_server import FakeServer

pytestmark = pytest.mark.processes

COMMANDS = ("adopt", "daemon", "enroll", "run", "status", "traits", "unit", "version")


class Result(msgspec.Struct, frozen=True):
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)


class Shell:
    """Runs the real `vigo` in a process of its own, with a folder for its machine."""

    def __init__(self, folder: Path, server: FakeServer) -> None:
        self.state = folder / "state"
        self.root = folder / "root"
        self.root.mkdir()
        self.server = server
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("VIGO", "NO_COLOR"))
        } | {"PYTHONPATH": "src"}

    def vigo(self, *arguments: str) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "vigo.agent.main", *arguments],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def on_state(self, *arguments: str) -> Result:
        return self.vigo(*arguments, "--state-dir", str(self.state))

    def enroll(self, *more: str, token: str | None = None) -> Result:
        return self.on_state(
            "enroll", "--server", self.server.url, "--token", token or self.server.token, "--ca-sha256",
            self.server.ca.sha256, "--root", str(self.root), "--hostname", "web-1", *more,
        )  # fmt: skip


@pytest.fixture
def shell(tmp_path: Path, server: FakeServer) -> Shell:
    server.publish(policy("one\n", "two\n"), 1)
    return Shell(tmp_path, server)


def test_the_whole_loop_from_enrolment_to_healing(shell: Shell, server: FakeServer) -> None:
    assert shell.enroll().status == 0
    first = shell.on_state("run", "--once", "--json")
    assert first.status == 0, first.err
    assert [(one["id"], one["outcome"], one["changed"]) for one in first.json["results"]] == [
        ("web/0", "changed", ["state", "content"]),
        ("web/1", "changed", ["state", "content"]),
    ]
    assert (first.json["generation"], first.json["delivered"], first.json["offline"]) == (1, True, False)
    assert {"ops", "reason", "duration_ms"} <= first.json["results"][0].keys()
    assert (shell.root / "file0").read_text() == "one\n"
    (shell.root / "file0").write_text("broken\n")
    dry = shell.on_state("run", "--dry-run")
    assert dry.status == 0
    assert "would change" in dry.out
    assert "-broken" in dry.out
    assert (shell.root / "file0").read_text() == "broken\n"
    server.stop()
    offline = shell.on_state("run", "--once")
    assert offline.status == 0
    assert "held here is applied" in offline.out
    assert (shell.root / "file0").read_text() == "one\n"
    assert shell.on_state("status", "--json").json["waiting_runs"] == 1
    server.start()
    assert shell.on_state("run").status == 0
    assert [run.offline for run in server.runs.values()] == [False, True, False]
    assert shell.on_state("status", "--json").json["waiting_runs"] == 0


def test_what_fails_is_exit_status_1(shell: Shell, server: FakeServer) -> None:
    broken = policy("x")
    server.publish(
        msgspec.structs.replace(broken, resources=(msgspec.structs.replace(broken.resources[0], type="nosuch"),)), 3
    )
    shell.enroll()
    result = shell.on_state("run")
    assert result.status == 1
    assert re.search(r"^failed +web/0 .*'nosuch'", result.out, re.MULTILINE)


@pytest.mark.parametrize("command", [("run",), ("daemon",), ("status",), ("traits", "--json")])
def test_without_an_identity_the_status_is_3_and_says_what_to_do(shell: Shell, command: tuple[str, ...]) -> None:
    result = shell.on_state(*command)
    assert result.status == 3
    assert "vigo enroll --server" in result.err
    assert result.out == ""
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("run", "--nonsense"), ("nonsense",), ("enroll",), ("daemon", "--interval", "x")]
)
def test_a_wrong_command_line_is_exit_status_2(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert shell.vigo(*arguments).status == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_examples_and_exit_statuses(shell: Shell, command: str) -> None:
    result = shell.vigo(command, "--help")
    assert result.status == 0
    assert re.search(rf"Examples?:\n +vigo {command}", result.out)
    assert re.search(r"Exit statuses:\n +0  ", result.out)


def test_the_list_of_commands_is_whole(shell: Shell) -> None:
    listed = re.findall(r"^  (\w+)  ", shell.vigo("--help").out.partition("Commands:")[2], re.MULTILINE)
    assert tuple(listed) == COMMANDS


def test_the_state_folder_may_come_from_the_environment(shell: Shell) -> None:
    shell.enroll()
    shell.environment["VIGO_STATE_DIR"] = str(shell.state)
    assert shell.vigo("status").status == 0


def test_a_wrong_fingerprint_shows_both(shell: Shell, server: FakeServer) -> None:
    result = shell.enroll("--ca-sha256", "0" * 64)
    assert result.status == 1
    assert server.ca.sha256 in result.err
    assert "0" * 64 in result.err
    assert server.keys == {}


def test_a_bad_token_shows_what_the_server_says(shell: Shell) -> None:
    result = shell.enroll(token="bad")
    assert result.status == 1
    assert "expected a token that is in force" in result.err


def test_enrolling_twice_is_as_good_as_once_and_elsewhere_needs_force(shell: Shell) -> None:
    assert "enrolled as web-1" in shell.enroll().out
    again = shell.enroll()
    assert again.status == 0
    assert "already enrolled" in again.out
    other = shell.enroll("--hostname", "web-2")
    assert other.status == 1
    assert "--force" in other.err
    forced = shell.enroll("--hostname", "web-2", "--force")
    assert forced.status == 0
    assert "identity.replaced-1" in forced.out


def test_a_revoked_envoy_is_told_and_exits_1(shell: Shell, server: FakeServer) -> None:
    shell.enroll()
    server.revoked.update(server.keys)
    result = shell.on_state("run")
    assert result.status == 1
    assert "was revoked" in result.out
    assert not (shell.root / "file0").exists()
    status = shell.on_state("status", "--json").json
    assert status["refused"]


def test_status_tells_what_is_held_and_how_it_went(shell: Shell, server: FakeServer) -> None:
    shell.enroll()
    before = shell.on_state("status", "--json").json
    assert (before["hostname"], before["generation"], before["last_run"]) == ("web-1", None, None)
    assert before["root"] == str(shell.root)
    shell.on_state("run")
    after = shell.on_state("status", "--json").json
    assert after["generation"] == 1
    assert after["last_run"]["counts"]["changed"] == 2
    assert after["last_contact_at"] is not None
    text = shell.on_state("status").out
    assert "web-1" in text
    assert "generation 1, in force until" in text
    assert "2 changed" in text


def test_status_tells_of_damage(shell: Shell) -> None:
    shell.enroll()
    shell.on_state("run")
    (shell.state / "journal" / "data.mdb").write_bytes(b"garbage" * 3_000)
    assert "damaged" in shell.on_state("status", "--json").json["journal_problem"]
    run = shell.on_state("run")
    assert run.status == 0
    assert "journal was damaged" in run.err
    assert shell.on_state("status", "--json").json["damaged_journals"] == ["journal.damaged-1"]


def test_a_machine_is_adopted_without_being_enrolled(shell: Shell, tmp_path: Path) -> None:
    (shell.root / "etc/app").mkdir(parents=True)
    (shell.root / "etc/app/a.conf").write_text("x\n")
    (shell.root / "etc/passwd").write_text(f"me:x:{os.geteuid()}:{os.getegid()}::/:/bin/sh\n")
    (shell.root / "etc/group").write_text(f"mine:x:{os.getegid()}:\n")
    words = ["adopt", "--root", str(shell.root), "--hostname", "web-1", "--files", "/etc/app/*"]
    output = tmp_path / "stacks"
    done = shell.vigo(*words, "--output", str(output), "--json")
    assert done.status == 0, done.err
    assert done.json["resources"] == {"adopted-files": 1}
    assert sorted(str(path.relative_to(output)) for path in output.rglob("*") if path.is_file()) == done.json["files"]
    again = shell.vigo(*words, "--output", str(output))
    assert (again.status, "to be empty" in again.err) == (1, True)
    nothing = shell.vigo(*words[:-1], "/nowhere/*", "--output", str(tmp_path / "x"))
    assert (nothing.status, "nothing matches it" in nothing.err) == (1, True)
    wrong = shell.vigo("adopt", "--files", "etc/*", "--output", str(tmp_path / "y"))
    assert "absolute pattern" in wrong.err


def test_traits_are_printed_for_people_and_programs(shell: Shell) -> None:
    shell.enroll()
    everything = shell.on_state("traits", "--json")
    assert everything.status == 0
    name = next(iter(everything.json))
    assert list(shell.on_state("traits", name, "--json").json) == [name]
    assert shell.on_state("traits").status == 0
    missing = shell.on_state("traits", "nosuchset")
    assert missing.status == 1
    assert "no trait set 'nosuchset'" in missing.err


def test_the_secret_files_are_for_their_owner_alone_whatever_the_umask(shell: Shell) -> None:
    former = os.umask(0)
    try:
        shell.enroll()
        shell.on_state("run")
    finally:
        os.umask(former)
    for path in [shell.state, *shell.state.rglob("*")]:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_a_policy_cannot_touch_the_agents_own_state(shell: Shell, server: FakeServer) -> None:
    shell.state = shell.root / "var"
    shell.enroll()
    plan = policy("evil")
    fields = {"path": "/var/identity/identity.json", "content": "evil"}
    server.publish(
        msgspec.structs.replace(plan, resources=(msgspec.structs.replace(plan.resources[0], fields=fields),)), 2
    )
    result = shell.on_state("run")
    assert result.status == 1
    assert "is Vigo's own" in result.out
    assert shell.on_state("status").status == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_daemon_serves_until_it_is_told_to_end(shell: Shell, server: FakeServer, number: int) -> None:
    shell.enroll()
    heard = Barrier()
    server.intercept = heard
    process = daemon(shell, "--interval", "1h")
    with process:
        heard.wait_for(Methods.REPORT_RESULT)
        process.send_signal(number)
        _, log = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "daemon stopped" in log
    assert len(server.runs) == 1


@pytest.mark.parametrize("round_", range(3))
def test_killed_at_any_moment_nothing_is_lost_or_doubled(shell: Shell, server: FakeServer, round_: int) -> None:
    shell.enroll()
    shell.on_state("run")
    server.stop()
    for _ in range(2):
        shell.on_state("run")
    server.start()
    process = daemon(shell, "--interval", "1h")
    with process:
        heard = Barrier()
        server.intercept = heard
        heard.wait_for(Methods.REPORT_RESULT if round_ else Methods.CHECK_IN)
        process.kill()
        process.communicate()
    server.intercept = lambda _method, _request: None
    assert shell.on_state("run").status == 0
    assert [run.offline for run in server.runs.values()][:3] == [False, True, True]
    assert shell.on_state("status", "--json").json["waiting_runs"] == 0


class Barrier:
    """Lets a test wait until the server was called."""

    def __init__(self) -> None:
        self._mine, self._theirs = socket.socketpair()
        self._mine.settimeout(30)

    def __call__(self, method: str, _request: SignedRequest) -> None:
        self._theirs.send(method.encode() + b"\n")

    def wait_for(self, method: str) -> None:
        heard = b""
        while method.encode() + b"\n" not in heard:
            heard += self._mine.recv(1_000)
        self._mine.close()
        self._theirs.close()


def daemon(shell: Shell, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "vigo.agent.main", "daemon", "--state-dir", str(shell.state), *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env=shell.environment,
    )


def test_no_colour_and_no_escape_leaves_a_pipe(shell: Shell, server: FakeServer) -> None:
    server.publish(policy("x\x1b[2J\n"), 2)
    shell.enroll()
    result = shell.on_state("run", "--dry-run")
    assert "\x1b" not in result.out
    assert "\\x1b[2J" in result.out

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agent.host.conftest import World, needs_root
from vigo.agent.host import signal_process
from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.formats.process_table import parse_process
from vigo.catalog.ops.custom import RunCustom
from vigo.catalog.ops.script import RunScript
from vigo.catalog.ops.signal_process import SignalProcess
from vigo.core.errors import BlockedError, TimedOutError, UnavailableError

SHOW = b'stat -c "%a %u" "$0" "$(dirname "$0")" >"$1"; echo "$0" >>"$1"; cat >>"$1"; echo "$#" >>"$1"\n'


def started(pid: int) -> int:
    found = parse_process(pid, Path(f"/proc/{pid}/stat").read_text(), b"")
    assert found is not None
    return found.started_ticks


def sleeper(script: str = "import time; print(flush=True); time.sleep(600)") -> "subprocess.Popen[bytes]":
    """Start a process of ours that has come so far as to print a line."""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_a_script_is_its_users_alone_gets_its_arguments_and_input_and_is_gone_afterwards(
    machine: RealHost, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    op = RunScript(argv=("/bin/sh",), script=SHOW, args=(str(out), "a b"), stdin="given\n")
    Executors(machine).execute(op)
    lines = out.read_text().splitlines()
    assert lines[:2] == [f"400 {os.geteuid()}", f"700 {os.geteuid()}"]
    assert lines[3:] == ["given", "2"]
    assert not Path(lines[2]).parent.exists()


def test_a_script_of_another_user_can_be_read_by_that_user(machine: RealHost) -> None:
    needs_root("to become another user")
    script = b'test "$(id -un)" = nobody && test -r "$0" && test -O "$0"\n'
    Executors(machine).execute(RunScript(argv=("/bin/sh",), script=script, user="nobody", cwd="/"))


def test_a_script_that_fails_tells_its_status_and_not_its_text(machine: RealHost) -> None:
    with pytest.raises(UnavailableError, match="status 3, expected 0: oh") as failure:
        Executors(machine).execute(RunScript(argv=("/bin/sh",), script=b"echo oh >&2; exit 3 # secret\n"))
    assert "secret" not in str(failure.value)


def test_in_an_image_neither_scripts_nor_own_programs_run(world: World) -> None:
    for op in (RunScript(argv=("/bin/sh",), script=b"true"), RunCustom(argv=("/x",), stdin="")):
        with pytest.raises(BlockedError, match="image"):
            world.execute(op)
    with pytest.raises(BlockedError, match="image"):
        world.execute(SignalProcess(pid=1, started_ticks=0, program="init"))


def program(folder: Path, text: str) -> str:
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_an_own_program_that_says_that_it_is_done_is(machine: RealHost, tmp_path: Path) -> None:
    path = program(tmp_path, f"cat >{tmp_path}/given; echo '{{\"changed\": true}}'")
    Executors(machine).execute(RunCustom(argv=(path,), stdin='{"dry_run":false}\n', action="x"))
    assert (tmp_path / "given").read_text() == '{"dry_run":false}\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('echo \'{"changed": true, "error": "no room"}\'', "it says: 'no room'"),
        ("echo done", "expected one JSON object"),
        ("exit 4", "status 4"),
    ],
)
def test_an_own_program_that_fails_says_so(machine: RealHost, tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UnavailableError, match=told):
        Executors(machine).execute(RunCustom(argv=(program(tmp_path, text),), stdin=""))


def test_a_process_that_is_signalled_has_ended_when_the_executor_returns(machine: RealHost) -> None:
    process = sleeper()
    Executors(machine).execute(SignalProcess(pid=process.pid, started_ticks=started(process.pid), program="x"))
    assert process.poll() == -15
    process.communicate()


def test_a_process_that_has_another_ones_number_by_now_is_left_alone(machine: RealHost) -> None:
    process = sleeper()
    try:
        execute = Executors(machine).execute
        execute(SignalProcess(pid=process.pid, started_ticks=started(process.pid) + 1, program="x"))
        execute(SignalProcess(pid=os.getpid(), started_ticks=started(os.getpid()), program="x", signal="KILL"))
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()
    Executors(machine).execute(SignalProcess(pid=process.pid, started_ticks=1, program="x"))


def test_a_process_that_stays_is_told(machine: RealHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal_process, "GRACE", signal_process.GRACE / 1000)
    process = sleeper(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    )
    try:
        op = SignalProcess(pid=process.pid, started_ticks=started(process.pid), program="x")
        with pytest.raises((UnavailableError, TimedOutError), match="found it still running"):
            Executors(machine).execute(op)
    finally:
        process.kill()
        process.communicate()

"""`vigo run` outside of a maintenance window, with the real program."""

from pathlib import Path

import msgspec
import pytest

from tests.agent.commands.test_command_line import Shell
from tests.agent.fake_machine import policy
from tests.agent.test_cycle_holding import closed
from vigo.testing.fake_server import FakeServer

pytestmark = pytest.mark.processes


@pytest.fixture
def shell(tmp_path: Path, server: FakeServer) -> Shell:
    server.publish(msgspec.structs.replace(policy("one\n"), windows=(closed(),)), 1)
    made = Shell(tmp_path, server)
    made.enroll()
    return made


def test_nothing_is_changed_and_the_reason_is_told(shell: Shell) -> None:
    found = shell.on_state("run", "--once")
    assert found.status == 0, found.err
    assert "skipped      web/0  outside the maintenance window (opens " in found.out
    assert not (shell.root / "file0").exists()
    assert "window       closed, opens " in shell.on_state("status").out


def test_a_dry_run_says_what_a_run_would_do(shell: Shell) -> None:
    assert "outside the maintenance window" in shell.on_state("run", "--dry-run").out
    assert "would change web/0" in shell.on_state("run", "--dry-run", "--outside-window").out


def test_an_operator_may_have_it_done_now_for_one_run(shell: Shell) -> None:
    assert shell.on_state("run", "--once", "--outside-window").status == 0
    assert (shell.root / "file0").read_text() == "one\n"
    (shell.root / "file0").write_text("drift\n")
    shell.on_state("run", "--once")
    assert (shell.root / "file0").read_text() == "drift\n"

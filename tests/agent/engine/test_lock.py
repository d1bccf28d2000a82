import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vigo.agent.engine.lock import one_run_at_a_time
from vigo.core.errors import ConflictError

_HOLD = """
import sys, pathlib
from vigo.agent.engine.lock import one_run_at_a_time
with one_run_at_a_time(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_refused_and_told_who_holds_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with one_run_at_a_time(path), pytest.raises(ConflictError, match=f"process {os.getpid()}"), one_run_at_a_time(path):
        pass
    with one_run_at_a_time(path):
        pass


def test_a_killed_run_leaves_no_lock_behind(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    child = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": "src"},
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(ConflictError, match=f"process {child.pid}"), one_run_at_a_time(path):
            pass
        child.send_signal(signal.SIGKILL)
        child.wait()
    with one_run_at_a_time(path):
        pass

"""`make soak-agent`, in its short form: each fault befalls a run at least once."""

import subprocess
import sys

from tests.gates.tree import ROOT
from tools.soaking.faults import FAULTS


def test_whatever_befalls_a_run_the_next_one_converges_and_no_result_is_lost() -> None:
    command = [sys.executable, "-m", "tools.soak_agent", "--runs", "14", "--seed", "3"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert all(name in ran.stdout for name in FAULTS)
    assert "0 faults" in ran.stdout

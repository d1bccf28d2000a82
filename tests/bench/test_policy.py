"""`make bench-policy`, in its short form: a tenth of the stacks. No figure is judged."""

import json
import subprocess
import sys

import pytest

from tests.gates.tree import ROOT

pytestmark = pytest.mark.processes


def test_the_benchmark_tells_each_phase_and_that_warm_equals_cold() -> None:
    command = [sys.executable, "-m", "bench.policy", "--part", "0.1", "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    figures = json.loads(ran.stdout)
    assert figures["warm_equals_cold"]
    assert (figures["files"], figures["resources"], figures["entries"]) == (108, 990, 200)
    assert sum(figures["phase_percent"].values()) == pytest.approx(100)
    assert len(figures["phase_percent"]) == 7
    assert len(figures["again_seconds"]) == 7

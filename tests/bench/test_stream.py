"""`make bench-stream`, in its short form: twenty envoys. No figure is judged."""

import json
import subprocess
import sys

import pytest

from tests.gates.tree import ROOT

pytestmark = pytest.mark.processes


def test_the_benchmark_tells_every_figure() -> None:
    command = [sys.executable, "-m", "bench.stream", "--sizes", "20", "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    figures = json.loads(ran.stdout)["20"]
    assert len(figures) == 7
    assert all(value > 0 for value in figures.values())

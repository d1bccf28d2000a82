"""`make bench-scriers`, in its short form. No figure is judged."""

import json
import subprocess
import sys

import pytest

from tests.gates.tree import ROOT

pytestmark = pytest.mark.processes


def test_the_benchmark_tells_every_figure() -> None:
    short = ("--streams", "5", "--megabytes", "2", "--keys", "20", "--json")
    ran = subprocess.run(
        [sys.executable, "-m", "bench.scriers", *short], capture_output=True, text=True, cwd=ROOT, check=True
    )
    figures = json.loads(ran.stdout)
    assert len(figures) == 10
    assert all(value > 0 for value in figures.values())

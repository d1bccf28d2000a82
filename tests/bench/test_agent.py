"""`make bench-agent`, in its short form: a hundred resources. No figure is judged."""

import json
import subprocess
import sys

import pytest

from bench.agent_workload import paths_of, workload
from tests.gates.tree import ROOT
from tests.host.debian_root import what_is_missing

pytestmark = pytest.mark.processes


def test_the_mix_is_what_it_says() -> None:
    text = workload(1000, [f"p{number}" for number in range(50)])["configcrates/bench.vgo"]
    found = {kind: text.count(f"type: {kind},") for kind in ("file", "directory", "symlink", "file_line", "package")}
    assert found == {"file": 600, "directory": 101, "symlink": 100, "file_line": 100, "package": 50}
    assert text.count("type: user,") + text.count("type: group,") == 50
    assert text.count("notify: [handler]") == 100
    assert len(paths_of(1000)) == 600


@pytest.mark.skipif(bool(what_is_missing()), reason=what_is_missing())
def test_the_benchmark_tells_every_figure_and_that_the_work_was_done() -> None:
    command = [sys.executable, "-m", "bench.agent", "--sizes", "100", "--rest", "1", "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    figures = json.loads(ran.stdout)["100"]
    assert len(figures) == 13
    assert all(value > 0 for value in figures.values())

"""`make bench-secrets`, in its short form. No figure is judged."""

import json
import subprocess
import sys

import pytest

from tests.gates.tree import ROOT

pytestmark = pytest.mark.processes


def test_the_benchmark_tells_each_figure_beside_its_floor() -> None:
    command = [sys.executable, "-m", "bench.secrets", "--times", "2", "--secrets", "3", "--json"]
    figures = json.loads(subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout)
    assert {"hybrid keys ms", "x25519 open ms", "floor, AES-256-GCM ms", "search in 8 KB ms"} <= figures.keys()
    # An encapsulated key of ML-KEM-768 and one of X25519, and the tag (FIPS 203, RFC 9180).
    assert figures["hybrid bytes more"] == 1088 + 32 + 16
    assert figures["x25519 bytes more"] == 32 + 16
    assert all(value > 0 for value in figures.values())

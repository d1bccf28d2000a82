"""What the agent costs: `make bench-agent`.

A real `vigosrv` on loopback, real TLS, and the real agent on a Debian of its own (see `agent_machine`). Prints the
time of whole `vigo run --once` processes that have nothing to do (with `--full` too), of a first apply, the CPU of a
cycle in the daemon, and the memory of both, beside a floor measured in the same run: bare Python that stats, reads and
hashes the same files. It judges nothing: what is asked of these figures stands in DESIGN.md.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from bench.agent_machine import BenchMachine, bench_machine
from bench.agent_workload import paths_of, workload
from tests.e2e.processes import BIN, ENVIRONMENT, Background, until
from tests.e2e.world import Envoy, Server

_TURNS: Final = 7
_CYCLES: Final = 10
_SETTLED_SECONDS: Final = 2.5
"""After that a file that was written counts as settled; until then each run looks at it (`vigo.agent.host.look`)."""

_REST_SECONDS: Final = 20
_CADENCE_SECONDS: Final = 300
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_INSTALLED: Final = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("PYTHON")}
"""An installed agent has its bytecode; with PYTHONDONTWRITEBYTECODE each start would compile it anew."""

_FLOOR: Final = """
import hashlib, os, sys
for path in open(sys.argv[1]).read().split():
    os.lstat(path)
    with open(path, "rb") as file:
        hashlib.sha256(file.read()).digest()
"""


class Cost(NamedTuple):
    """What one process took."""

    wall_seconds: float
    cpu_seconds: float
    peak_mib: float


def main() -> int:
    """Run the measurements and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,5000", help="numbers of resources, separated by commas")
    parser.add_argument("--rest", type=int, default=_REST_SECONDS, help="seconds to watch the daemon at rest")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    figures: dict[str, Any] = {"machine": f"{os.cpu_count()} cores, Python {sys.version.split()[0]}"}
    for size in map(int, options.sizes.split(",")):
        with tempfile.TemporaryDirectory(prefix="vigo-bench-") as scratch:
            figures[str(size)] = _measured(size, Path(scratch).resolve(), options.rest)
    print(json.dumps(figures, indent=2) if options.json else _shown(figures))
    return 0


def _measured(size: int, scratch: Path, rest_seconds: int) -> dict[str, Any]:
    with bench_machine(scratch) as machine, Server(scratch / "server") as server:
        packages = machine.tell("dpkg-query", "-W", "-f", "${Package}\\n").split()
        server.publish(workload(size, packages[: size // 20]))
        envoy = Envoy("bench", scratch / "shared", server, is_image=False)
        envoy.prefix = machine.prefix
        envoy.enrol()
        argv = [*machine.prefix, str(BIN / "vigo"), "run", "--once", "--json", "--state-dir", str(envoy.state)]
        first, report = _run(argv)
        _check(report, "changed")
        full = [_run([*argv, "--full"]) for _ in range(_TURNS)]
        time.sleep(_SETTLED_SECONDS)
        _run(argv)
        idle = [_run(argv) for _ in range(_TURNS)]
        for _, text in (*full, *idle):
            _check(text, "unchanged")
        floor = _floor(machine, scratch, size)
        with envoy.daemon(None) as daemon:
            anew, awake, memory, anonymous, at_rest = _daemon(daemon, rest_seconds)
    best = min((cost for cost, _ in idle), key=lambda cost: cost.wall_seconds)
    return {
        "floor_s": round(floor.wall_seconds, 3),
        "first_apply_s": round(first.wall_seconds, 3),
        "nothing_to_do_s": round(best.wall_seconds, 3),
        "nothing_to_do_median_s": round(median(cost.wall_seconds for cost, _ in idle), 3),
        "nothing_to_do_cpu_s": round(min(cost.cpu_seconds for cost, _ in idle), 3),
        "nothing_to_do_full_s": round(min(cost.wall_seconds for cost, _ in full), 3),
        "nothing_to_do_ratio": round(best.wall_seconds / floor.wall_seconds, 2),
        "peak_mib": round(max(cost.peak_mib for cost, _ in (*full, *idle)), 1),
        "daemon_first_cycle_cpu_s": round(anew, 3),
        "daemon_cycle_cpu_s": round(awake, 3),
        "daemon_rss_mib": round(memory, 1),
        "daemon_rss_without_files_mib": round(anonymous, 1),
        "daemon_rest_cpu_percent_of_a_core": round(at_rest, 4),
    }


def _run(argv: Sequence[str]) -> tuple[Cost, str]:
    """Run a process to its end; its time and memory are those of all that it started."""
    started = time.monotonic()
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=_INSTALLED)
    assert process.stdout is not None
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"bench: {' '.join(argv)} ended with {process.returncode}:\n{text[-4000:]}")
    return Cost(time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), text


def _check(report: str, outcome: str) -> None:
    """See that the work was done, or that there was none."""
    counts = json.loads(report)["counts"]
    other = {name: count for name, count in counts.items() if count and name not in (outcome, "skipped", "unchanged")}
    if other:
        raise SystemExit(f"bench: expected resources to be {outcome}, found {counts}")


def _floor(machine: BenchMachine, scratch: Path, size: int) -> Cost:
    listed = scratch / "shared" / "paths"
    listed.write_text("\n".join(paths_of(size)))
    argv = [*machine.prefix, str(BIN / "python"), "-I", "-S", "-c", _FLOOR, str(listed)]
    return min((_run(argv)[0] for _ in range(_TURNS)), key=lambda cost: cost.wall_seconds)


def _daemon(daemon: Background, rest_seconds: int) -> tuple[float, float, float, float, float]:
    """Return the CPU seconds until the first cycle is done and of a later one; then, at rest, memory and CPU.

    These are the resident memory, the part of it that is no file's, and the share of a core.
    """

    def done() -> int:
        return daemon.err.count("cycle done")

    _after(done, 1, daemon)
    time.sleep(0.3)
    anew = _cpu_seconds(daemon.pid)
    cycles = []
    for _ in range(_CYCLES):
        before, count = _cpu_seconds(daemon.pid), done()
        daemon.send(signal.SIGHUP)
        _after(done, count + 1, daemon)
        time.sleep(0.3)  # what a cycle leaves to be done afterwards counts too
        cycles.append(_cpu_seconds(daemon.pid) - before)
    before = _cpu_seconds(daemon.pid)
    time.sleep(rest_seconds)
    idle = (_cpu_seconds(daemon.pid) - before) / max(rest_seconds, 1)
    cycle = min(cycles)
    return (
        anew,
        cycle,
        _resident_mib(daemon.pid, "VmRSS"),
        _resident_mib(daemon.pid, "RssAnon"),
        100 * (idle + cycle / _CADENCE_SECONDS),
    )


def _after(done: Callable[[], int], count: int, daemon: Background) -> None:
    until(f"{count} cycles", lambda: done() >= count or not daemon.is_running, lambda: daemon.err)


def _cpu_seconds(pid: int) -> float:
    """Return what a process and the children that it waited for computed. Source: proc_pid_stat(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def _resident_mib(pid: int, field: str) -> float:
    """Return what a process has in memory. Source: proc_pid_status(5)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"bench: the daemon (process {pid}) ended")


def _shown(figures: dict[str, Any]) -> str:
    sizes = [name for name in figures if name != "machine"]
    names = list(figures[sizes[0]])
    rows = [["", *(f"n = {size}" for size in sizes)]]
    rows += [[name, *(str(figures[size][name]) for size in sizes)] for name in names]
    width = max(len(row[0]) for row in rows)
    return "\n".join(
        [figures["machine"], *("  ".join([row[0].ljust(width), *(f"{cell:>12}" for cell in row[1:])]) for row in rows)]
    )


if __name__ == "__main__":
    sys.exit(main())

"""How quick a push and a task are over the streams that a fleet holds: `python -m bench.stream`.

A real `vigosrv` on loopback and an emulated fleet (`bench.fleet`) in another process, TLS on. It prints how long after
a push the envoys have checked in, how long a task takes until it has a final state everywhere, and what the server's
memory is per envoy. The floor beside it is the same fleet checking in as fast as both processes can. It judges nothing.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from bench.fleet import allow_many_files, made
from tests.e2e.processes import until
from tests.e2e.world import Server
from vigo.server.platform.folder.layout import DataFolder

Figures = dict[str, float]

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - folders of our own are made in it
_IN_ONE_PROCESS: Final = 5_000
"""Envoys of one process: each needs up to three open files, and a common limit is 20,000."""

EVERYONE: Final[dict[str, Any]] = {"everyone": True}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.stream", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000], help="envoys (%(default)s)")
    parser.add_argument("--programs", type=int, default=1_000, help="up to so many tasks start programs (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args(argv)
    allow_many_files()
    found: dict[str, Figures] = {}
    for size in asked.sizes:
        with tempfile.TemporaryDirectory(prefix="vigo-bench-") as disk, in_memory() as memory:
            instant = size > asked.programs
            found[str(size)] = figures = _measured(Path(disk), Path(memory), size, instant=instant)
        if not asked.json:
            print(f"{size} envoys{', tasks without programs' if size > asked.programs else ''}")
            for what, figure in figures.items():
                print(f"  {what:<44} {figure:.2f}", flush=True)
    if asked.json:
        print(json.dumps(found))
    return 0


def in_memory() -> "tempfile.TemporaryDirectory[str]":
    """Return a folder for the envoys: one disk would have to be as quick as those of all the machines together."""
    return tempfile.TemporaryDirectory(prefix="vigo-bench-", dir=_MEMORY if _MEMORY.is_dir() else None)


def _measured(scratch: Path, machines: Path, size: int, *, instant: bool) -> Figures:
    made(DataFolder(scratch / "server"), machines, size)
    figures: Figures = {}
    with Server(scratch) as server:
        empty = _rss_kib(server.process.pid)
        with fleet_of(machines, size, server.grpc, instant=instant) as fleet:
            figures["streams opened within, s"] = fleet.opened_seconds
            until("all streams", lambda: connected(server) == size, lambda: server.process.err)
            figures["server's memory per envoy, KiB"] = (_rss_kib(server.process.pid) - empty) / size
            alone = pushed(server, fleet, within_seconds=0.0)
            figures["floor: all check in at once, last one, s"] = alone[-1]
            took = pushed(server, fleet)
            figures["push to checked in, p50, s"] = took[size // 2]
            figures["push to checked in, p99, s"] = took[size * 99 // 100]
            seconds = sorted(_task_seconds(server, size) for _ in range(3))
            figures["task to final states everywhere, best of 3, s"] = seconds[0]
            figures["task to final states everywhere, median, s"] = seconds[1]
    return figures


class Fleet:
    """Processes that hold the streams of some envoys each."""

    def __init__(self, processes: "dict[subprocess.Popen[str], int]") -> None:
        self._sizes = processes
        self.opened_seconds = max(float(self._said(process)[2]) for process in processes)

    def check_ins(self) -> list[float]:
        """Return when each envoy had checked in."""
        return [float(self._said(process)[1]) for process, size in self._sizes.items() for _ in range(size)]

    def _said(self, process: "subprocess.Popen[str]") -> list[str]:
        assert process.stdout is not None
        return process.stdout.readline().split()


@contextmanager
def fleet_of(folder: Path, size: int, address: str, *, instant: bool, first: int = 0) -> Iterator[Fleet]:
    """Hold the streams of the envoys from the first one up to so many."""
    argv = [sys.executable, "-m", "bench.fleet", str(folder), address, *(["--instant"] if instant else [])]
    processes: dict[subprocess.Popen[str], int] = {}
    with ExitStack() as stack:
        for start in range(first, size, _IN_ONE_PROCESS):
            last = min(size, start + _IN_ONE_PROCESS)
            words = [*argv, "--from", str(start), "--to", str(last)]
            process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            processes[stack.enter_context(process)] = last - start
        yield Fleet(processes)
        for process in processes:
            process.communicate()


def pushed(server: Server, fleet: Fleet, **more: float) -> list[float]:
    """Return by how many seconds after a push each envoy had checked in, in their order."""
    started = time.time()
    server.post("/api/v1/pushes", {"target": EVERYONE, **more})
    return sorted(moment - started for moment in fleet.check_ins())


def _task_seconds(server: Server, size: int) -> float:
    """Return how long a task takes until it has its final state on every envoy."""
    started = time.monotonic()
    task = server.post("/api/v1/tasks", {"target": EVERYONE, "command": "echo ok"})["id"]
    while (counts := _counts(server, task)).get("succeeded", 0) < size:
        assert set(counts) <= {"waiting", "sent", "running", "succeeded"}, _faults(server, task)
        time.sleep(0.1)
    return time.monotonic() - started


def _counts(server: Server, task: str) -> dict[str, int]:
    (item,) = server.get("/api/v1/tasks?limit=1")["items"]
    assert item["id"] == task
    return dict(item["counts"])


def _faults(server: Server, task: str) -> Counter[tuple[str, str]]:
    targets = server.get(f"/api/v1/tasks/{task}")["targets"]
    return Counter((target["state"], target["reason"]) for target in targets)


def connected(server: Server) -> int:
    """Return how many envoys hold their streams."""
    answer = server.post("/api/v1/pushes", {"target": EVERYONE, "dry_run": True})
    return sum(item["state"] == "told" for item in answer["items"])


def _rss_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS:")))


if __name__ == "__main__":
    sys.exit(main())

"""What event-driven repair costs and how quick it is: `python -m bench.reconverge`.

A real `vigosrv` on loopback, a real daemon on a `--root` folder with 1,000 files in 50 folders and an interval of an
hour. It prints the latency from drift to repair over many events, what the daemon takes at rest with its watches, and
the share of a core while one file is toggled a thousand times a second. It judges nothing.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.e2e.processes import Background, until
from tests.e2e.world import Envoy, Server, crate, entries

_FILES: Final = 1_000
_FOLDERS: Final = 50
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_POLL_SECONDS: Final = 0.002
_LONGEST_SECONDS: Final = 30.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.reconverge", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000, help="how often a file drifts (%(default)s)")
    parser.add_argument("--toggle", type=int, default=20, help="seconds for which a file is toggled (%(default)s)")
    parser.add_argument("--rest", type=int, default=20, help="seconds at rest that are measured (%(default)s)")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="vigo-bench-") as name:
        scratch = Path(name)
        with Server(scratch) as server:
            server.publish(crate("files", *_resources()) | entries(heal_x="files"))
            envoy = Envoy("heal-1", scratch, server)
            for index in range(_FOLDERS):
                (envoy.place / f"etc/d{index}").mkdir()
            envoy.enrol()
            with envoy.daemon("1h") as daemon:
                until("the watch", lambda: "drift is repaired at once" in daemon.err, lambda: daemon.err)
                time.sleep(2)
                _print("at rest, resident memory", f"{_rss_mib(daemon.pid):.1f} MiB")
                _print(
                    "at rest, share of a core", f"{_share(daemon, asked.rest, lambda: time.sleep(asked.rest)):.3f} %"
                )
                _latency(envoy, daemon, asked.events)
                share = _share(daemon, asked.toggle, lambda: _toggle(envoy, asked.toggle))
                _print(f"file toggled 1,000 times a second for {asked.toggle} s, share of a core", f"{share:.1f} %")
                _print("after that, resident memory", f"{_rss_mib(daemon.pid):.1f} MiB")
                _print("fought over, as logged", str(daemon.err.count("is fought over")))
                for line in daemon.err.splitlines():
                    if "is changed by" in line:
                        _print("writer, as logged", line.partition("is changed by ")[2])
    return 0


def _resources() -> list[str]:
    return [
        f'{{name: f{index}, type: file, path: "{_path(index)}", content: "as declared {index}\\n"}}'
        for index in range(_FILES)
    ]


def _path(index: int) -> str:
    return f"/etc/d{index % _FOLDERS}/f{index}"


def _latency(envoy: Envoy, daemon: Background, events: int) -> None:
    """Let one file after the other drift; none so often that its repairs would be slowed down."""
    took: list[float] = []
    before = _cpu_seconds(daemon.pid)
    for number in range(events):
        index = number % _FILES
        path, wanted = envoy.place / _path(index).removeprefix("/"), f"as declared {index}\n"
        started = time.monotonic()
        path.write_text("drift\n")
        while _content(path) != wanted:
            if time.monotonic() - started > _LONGEST_SECONDS:
                raise SystemExit(f"bench: {path} was not repaired:\n{daemon.err[-2000:]}")
            time.sleep(_POLL_SECONDS)
        took.append(time.monotonic() - started)
    took.sort()
    p50, p99 = took[len(took) // 2], took[min(len(took) - 1, len(took) * 99 // 100)]
    _print(f"drift to repair over {events} events, p50", f"{1000 * p50:.0f} ms")
    _print(f"drift to repair over {events} events, p99", f"{1000 * p99:.0f} ms")
    _print(f"drift to repair over {events} events, longest", f"{1000 * took[-1]:.0f} ms")
    _print("CPU a repair, the report included", f"{1000 * (_cpu_seconds(daemon.pid) - before) / events:.1f} ms")


def _content(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


def _toggle(envoy: Envoy, seconds: int) -> None:
    path = envoy.place / _path(0).removeprefix("/")
    began, number = time.monotonic(), 0
    while (at := time.monotonic() - began) < seconds:
        if number < at * 1_000:
            path.write_text(f"toggled {number % 2}\n")
            number += 1
        else:
            time.sleep(0.0005)
    _print("toggled in all", f"{number}")


def _share(daemon: Background, seconds: int, work: Callable[[], object]) -> float:
    before = _cpu_seconds(daemon.pid)
    work()
    return 100 * (_cpu_seconds(daemon.pid) - before) / max(seconds, 1)


def _cpu_seconds(pid: int) -> float:
    """Return what a process and the children that it waited for computed. Source: proc_pid_stat(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def _rss_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS:"))


def _print(name: str, value: str) -> None:
    print(f"{name:<72} {value}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

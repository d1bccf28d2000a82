"""Attack the policy compiler with stacks that nobody would write: `python -m tools.fuzz_policy`, or `make fuzz-policy`.

Each input is compiled in a process of its own. A fault is one that raises or ends the process, computes for more than
ten seconds, makes the memory grow by more than 200 MiB, or breaks what the compiler promises: errors or a policy,
findings sorted and within their file, plans that can be encoded. First come the bombs, then stacks of this repository
changed at random, each by its number: a seed always gives the same inputs, and `--only NUMBER` tries one of them again.

Exit status: 0 no fault, 1 faults, 2 wrong usage.
"""

import argparse
import random
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.policy.every_stacks import every_stacks
from tools.fuzzing.bombs.all_of_them import FULL_SIZE, bombs
from tools.fuzzing.minimising import minimised
from tools.fuzzing.mutations import mutated
from tools.fuzzing.worker import Fault, Limits, Run, Worker

ROOT: Final = Path(__file__).resolve().parents[1]
FAULTS: Final = ROOT / "build" / "fuzz-policy"
_SECONDS_BETWEEN_REPORTS: Final = 30.0
_MIB: Final = 1 << 20
_CHANGED: Final = "input"


class Tally:
    """What was seen so far, for the figures at the end."""

    def __init__(self) -> None:
        self.runs = 0
        self.compiled = 0
        self.faults: list[str] = []
        self.slowest: tuple[float, str] = (0.0, "")
        self.largest: tuple[int, str] = (0, "")
        self.resident_bytes = 0

    def add(self, name: str, run: Run) -> None:
        """Count a run."""
        self.runs += 1
        self.compiled += run.plans > 0
        self.slowest = max(self.slowest, (run.cpu_seconds, name))
        self.largest = max(self.largest, (run.growth_bytes, name))
        self.resident_bytes = run.resident_bytes or self.resident_bytes

    def figures(self, seconds: float) -> str:
        """Return the figures in one line."""
        slowest = f"slowest {self.slowest[0]:.2f} s of computing ({self.slowest[1]})"
        largest = f"most memory +{self.largest[0] / _MIB:.0f} MiB ({self.largest[1]})"
        done = (
            f"{self.runs} runs in {seconds:.0f} s ({self.runs / max(seconds, 0.001):.1f}/s), {self.compiled} compiled"
        )
        held = f"the worker holds {self.resident_bytes / _MIB:.0f} MiB"
        return f"{done}; {slowest}, {largest}, {held}; {len(self.faults)} faults"


def main(arguments: Sequence[str]) -> int:
    """Fuzz; return the exit status."""
    options = _options(arguments)
    shutil.rmtree(options.faults, ignore_errors=True)
    print(f"seed {options.seed}, inputs that fail are kept in {options.faults}")
    worker = Worker(Limits(cpu_seconds=options.cpu_seconds, growth_bytes=options.growth * _MIB))
    tally, begun = Tally(), time.monotonic()
    reported = begun
    try:
        for name, stacks in _inputs(options):
            if options.seconds is not None and time.monotonic() - begun > options.seconds:
                break
            run = worker.compile(stacks)
            tally.add(name, run)
            if run.fault is not None:
                tally.faults.append(name)
                print(f"FAULT {name}: {run.fault.kind}: {run.fault.detail}", flush=True)
                folder = options.faults / f"{len(tally.faults)}-{run.fault.kind.replace(' ', '-')}"
                # A bomb is as small as it can be said: `--bombs NAME --size N` finds the least size.
                _keep(folder, stacks, run.fault, worker, options.minimise if name.startswith(_CHANGED) else 0.0)
            if time.monotonic() - reported > _SECONDS_BETWEEN_REPORTS:
                reported = time.monotonic()
                print(tally.figures(reported - begun), flush=True)
    finally:
        worker.end()
    print(tally.figures(time.monotonic() - begun))
    return 1 if tally.faults else 0


def _inputs(options: argparse.Namespace) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    """Yield inputs by name: the bombs, then changed stacks, without end where time ends it."""
    if options.only is None:
        for name, stacks in bombs(options.size):
            if options.bombs is None or options.bombs in name:
                yield name, stacks
    corpus = list(every_stacks().values())
    last = options.runs if options.seconds is None else sys.maxsize
    numbers = range(last if options.bombs is None else 0) if options.only is None else [options.only]
    for number in numbers:
        yield f"{_CHANGED} {number}", mutated(random.Random(f"{options.seed}:{number}"), corpus)  # noqa: S311 - no secret


def _keep(folder: Path, stacks: Mapping[str, bytes], fault: Fault, worker: Worker, seconds: float) -> None:
    """Write stacks that fail, and the least of them that fail in the same way, into a folder."""
    _write(folder / "whole", stacks)
    (folder / "fault.txt").write_text(f"{fault.kind}: {fault.detail}\n", encoding="utf-8")
    end = time.monotonic() + seconds

    def fails(some: Mapping[str, bytes]) -> bool:
        if time.monotonic() > end:
            return False
        found = worker.compile(some).fault
        return found is not None and (found.kind, found.detail[:40]) == (fault.kind, fault.detail[:40])

    if seconds > 0:
        _write(folder / "least", minimised(stacks, fails))


def _write(folder: Path, stacks: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, content) in enumerate(stacks.items()):
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()) or "\n" in name or "\0" in name:
            path = folder / f"{number}.vgo"  # a name that no file system should be asked for
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="fuzz_policy", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0, help="what the inputs are drawn from")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=float, help="how long to go on")
    length.add_argument(
        "--runs", type=int, default=1_000, help="how many changed stacks to try, where no time is given"
    )
    parser.add_argument("--only", type=int, help="try the changed stacks of this number alone")
    parser.add_argument("--bombs", help="try only the bombs whose names hold this")
    parser.add_argument("--size", type=int, default=FULL_SIZE, help=f"how large bombs are, {FULL_SIZE} by default")
    parser.add_argument("--cpu-seconds", type=float, default=Limits().cpu_seconds, help="what one input may compute")
    parser.add_argument("--growth", type=int, default=Limits().growth_bytes // _MIB, help="what it may take, in MiB")
    parser.add_argument("--minimise", type=float, default=60.0, help="seconds to look for the least input that fails")
    parser.add_argument("--faults", type=Path, default=FAULTS, help="the folder for inputs that fail")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

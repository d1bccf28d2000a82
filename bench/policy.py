"""How long the compiler takes for large stacks, and where: `make bench-policy`.

Prints the time of a first compilation with the share of each phase, of further ones after one file changed, the memory
that it takes, and both as a ratio to a floor: reading the same files with the bare YAML parser. Times are CPU seconds
of this process, the best of a few turns. It judges nothing: what is asked of these figures stands in DESIGN.md.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import yaml

from bench.large_stacks import large_stacks
from vigo.core.encoding import digest_of
from vigo.policy import arranging, compiling, stamping
from vigo.policy.compiling import Compiled, Compiler
from vigo.policy.documents import reading
from vigo.policy.sources import Sources

_MEBIBYTE_IN_KIBIBYTES: Final = 1024
_TURNS: Final = 3

Files = Mapping[str, bytes]
Change = Callable[[dict[str, bytes]], None]


class Stopwatch:
    """CPU seconds by phase; what an inner phase takes does not count for the outer one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inner = [0.0]

    @contextmanager
    def measuring(self, phase: str) -> Iterator[None]:
        """Add the time that passes meanwhile to a phase."""
        self._inner.append(0.0)
        started = time.process_time()
        try:
            yield
        finally:
            passed = time.process_time() - started
            self.seconds[phase] = self.seconds.get(phase, 0.0) + passed - self._inner.pop()
            self._inner[-1] += passed

    def watch(self, module: Any, name: str, phase: str) -> None:
        """Measure each call of a function."""
        inner = getattr(module, name)

        def measured(*given: Any, **named: Any) -> Any:
            with self.measuring(phase):
                return inner(*given, **named)

        setattr(module, name, measured)


def main() -> int:
    """Run the measurements; return the exit status: 1 where a warm compilation gives something else than a cold one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", type=float, default=1.0, help="how much of the stacks: 1.0 is 1,000 files")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    files = large_stacks(options.part)
    floor = _best(lambda: _read_only(files))
    cold = min(_cold(files) for _ in range(_TURNS))
    memory_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEBIBYTE_IN_KIBIBYTES
    compiler = Compiler()
    first = compiler.compile(Sources(files))
    again = {name: _warm(compiler, files, change) for name, change in _CHANGES.items()}
    is_same = all(same for _, same in again.values())
    shares = _shares(files)  # last, since measuring slows everything down
    figures = {
        "files": len(files),
        "resources": sum(text.count(b"\n  - name:") for text in files.values()),
        "entries": 0 if first.policy is None else len(first.policy.entries),
        "floor_seconds": floor,
        "cold_seconds": cold,
        "cold_to_floor": cold / floor,
        "phase_percent": {name: 100 * share for name, share in shares.items()},
        "memory_mib": memory_mib,
        "again_seconds": {name: seconds for name, (seconds, _) in again.items()},
        "warm_equals_cold": is_same,
    }
    if options.json:
        print(json.dumps(figures))
    else:
        _print(figures)
    return 0 if is_same and first.policy is not None else 1


def _read_only(files: Files) -> None:
    for name, content in files.items():
        if name.endswith(".vgo"):
            loader = yaml.CSafeLoader(content)
            while loader.get_event() is not None:
                pass
            loader.dispose()


def _watched() -> Stopwatch:
    watch = Stopwatch()
    watch.watch(reading, "parse_tree", "parse YAML")
    watch.watch(compiling, "read_stacks", "read documents")
    watch.watch(compiling, "declared", "check resources")
    watch.watch(compiling, "warn_of_shadows", "match entries")
    watch.watch(stamping, "_stamp", "stamp for entries")
    watch.watch(arranging, "_arrange", "order and conflicts")
    return watch


def _cold(files: Files) -> float:
    compiler = Compiler()
    started = time.process_time()
    found = compiler.compile(Sources(files))
    seconds = time.process_time() - started
    del found  # what it takes to forget it all is no part of compiling
    return seconds


def _shares(files: Files) -> dict[str, float]:
    watch = _watched()
    compiler = Compiler()
    started = time.process_time()
    found = compiler.compile(Sources(files))
    total = time.process_time() - started
    del found
    shares = {name: seconds / total for name, seconds in watch.seconds.items()}
    return {**shares, "the rest": 1 - sum(shares.values())}


def _warm(compiler: Compiler, files: Files, change: Change) -> tuple[float, bool]:
    """Return how long a compilation takes after a change, and whether it gives what a first one gives."""
    changed = {name: bytes(bytearray(content)) for name, content in files.items()}
    change(changed)
    compiler.compile(Sources(files))
    started = time.process_time()
    found = compiler.compile(Sources(changed))
    seconds = time.process_time() - started
    return seconds, _digest(found) == _digest(Compiler().compile(Sources(changed)))


def _digest(found: Compiled) -> str:
    plans = [] if found.policy is None else [digest_of(found.policy.plan(entry)) for entry in found.policy.entries]
    return digest_of([plans, found.diagnostics])


def _best(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(_TURNS):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)


def _replaced(file: str, old: bytes, new: bytes) -> Change:
    def change(files: dict[str, bytes]) -> None:
        if old not in files[file]:
            raise ValueError(f"expected {old!r} in {file}, found none: the stacks of the benchmark were changed")
        files[file] = files[file].replace(old, new, 1)

    return change


_CHANGES: Final[Mapping[str, Change]] = {
    "nothing": lambda _files: None,
    "a resource of a role's configcrate": _replaced("configcrates/role-0/4.vgo", b"17", b"18"),
    "a resource of the base of every machine": _replaced("configcrates/base/0.vgo", b"17", b"18"),
    "a variable of a role": _replaced("roles.vgo", b"workers: 2", b"workers: 3"),
    "the entries of a site": _replaced("sites/0/envoys.vgo", b"rack: 1,", b"rack: 99,"),
    "a variable of every machine that few use": _replaced("common.vgo", b"example.com,", b"example.org,"),
    "a variable that each configcrate of production uses": _replaced("environments.vgo", b"65536", b"65535"),
}


def _print(figures: Mapping[str, Any]) -> None:
    print(f"{figures['files']} files, {figures['resources']} resources, {figures['entries']} match entries")
    print(f"floor (bare YAML parser)   {figures['floor_seconds']:7.2f} s")
    print(f"first compilation          {figures['cold_seconds']:7.2f} s   {figures['cold_to_floor']:.1f} x floor")
    for name, percent in figures["phase_percent"].items():
        print(f"  {name:24} {percent:7.1f} %")
    print(f"memory at most             {figures['memory_mib']:7.0f} MiB")
    print("compilation again, after a change of")
    for name, seconds in figures["again_seconds"].items():
        print(f"  {name:52} {seconds:6.2f} s   {seconds / figures['floor_seconds']:.1f} x floor")
    print("each gives what a first compilation gives:", "yes" if figures["warm_equals_cold"] else "NO, that is a fault")


if __name__ == "__main__":
    sys.exit(main())

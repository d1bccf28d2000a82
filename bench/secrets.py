"""What secrets cost an agent: `python -m bench.secrets`.

The keys of a request, sealing and opening an answer, and looking for values in what a run tells; beside them stands the
cheapest that could do the first part, AES-256-GCM under a key that both ends had already. It judges nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vigo.agent.engine.concealing import Concealer
from vigo.core.sealing import Reader, seal

_FIRST: Final = """
import time
begun = time.perf_counter()
from vigo.core.sealing import Reader, seal
reader = Reader()
reader.open(seal(bytes(5_000), reader.keys, b""), b"")
print(time.perf_counter() - begun)
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.secrets", description=__doc__)
    parser.add_argument("--bytes", type=int, default=5_000, help="of the values of one answer (%(default)s)")
    parser.add_argument("--secrets", type=int, default=100, help="that are looked for (%(default)s)")
    parser.add_argument("--times", type=int, default=200, help="that each is done; the best counts (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args(argv)
    figures = _figures(asked.bytes, asked.secrets, asked.times)
    if asked.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    else:
        for name, value in figures.items():
            sys.stdout.write(f"{name:<28} {value:.3f}\n")
    return 0


def _figures(size_bytes: int, count: int, times: int) -> dict[str, float]:
    plain, floor = os.urandom(size_bytes), AESGCM(os.urandom(32))
    found: dict[str, float] = {}
    for name, hybrid in (("hybrid", True), ("x25519", False)):
        reader = Reader(hybrid=hybrid)
        sealed = seal(plain, reader.keys, b"")
        found[f"{name} keys ms"] = _best(partial(Reader, hybrid=hybrid), times)
        found[f"{name} seal ms"] = _best(partial(seal, plain, reader.keys, b""), times)
        found[f"{name} open ms"] = _best(partial(reader.open, sealed, b""), times)
        found[f"{name} bytes more"] = len(sealed) - size_bytes
    found["floor, AES-256-GCM ms"] = _best(lambda: floor.encrypt(bytes(12), plain, None), times)
    values = {f"s{number}": f"{number:04d}{os.urandom(18).hex()}" for number in range(count)}
    text = "a line of output such as programs print it\n" * 190
    concealer = Concealer(values)
    found["set-up of the search ms"] = _best(lambda: Concealer(values), max(times // 20, 1))
    found["search in 8 KB ms"] = _best(lambda: concealer.concealed(text), max(times // 20, 1))
    first = subprocess.run([sys.executable, "-c", _FIRST], capture_output=True, text=True, check=True)
    found["first use with imports ms"] = float(first.stdout) * 1000
    return found


def _best(work: Callable[[], object], times: int) -> float:
    """Return the shortest time of some, in milliseconds."""
    shortest = float("inf")
    for _ in range(times):
        begun = time.perf_counter()
        work()
        shortest = min(shortest, time.perf_counter() - begun)
    return shortest * 1000


if __name__ == "__main__":
    sys.exit(main())

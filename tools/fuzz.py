"""Attack everything that reads foreign bytes: `python -m tools.fuzz --minutes 10`, or `make fuzz MINUTES=10`.

Rounds of `tests/fuzz` with ever more examples, each with a seed of its own, and in between the fuzzer of the policy
compiler. A fault ends it: the smallest input that shows it is printed, with the command that tries it again.

Exit status: 0 no fault, 1 a fault, 2 wrong usage.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
_FIRST_EXAMPLES: Final = 200
_MOST_EXAMPLES: Final = 5_000
_POLICY_SHARE: Final = 4
"""A quarter of each round is the policy compiler's."""


def main(arguments: Sequence[str]) -> int:
    """Fuzz for so many minutes; return the exit status."""
    options = _options(arguments)
    begun = time.monotonic()
    ends_at, examples, number = begun + options.minutes * 60, _FIRST_EXAMPLES, 0
    while number == 0 or time.monotonic() < ends_at:
        seed, round_begun = options.seed + number, time.monotonic()
        environment = {**os.environ, "VIGO_FUZZ_EXAMPLES": str(examples)}
        tests = [
            "-m",
            "pytest",
            "-q",
            "-n",
            "auto",
            f"--hypothesis-seed={seed}",
            "-p",
            "no:cacheprovider",
            "tests/fuzz",
        ]
        if subprocess.run([sys.executable, *tests], cwd=ROOT, env=environment, check=False).returncode:
            again = f"VIGO_FUZZ_EXAMPLES={examples} pytest --hypothesis-seed={seed} tests/fuzz"
            print(f"FAULT in round {number + 1}; again: {again}", flush=True)
            return 1
        seconds = min((time.monotonic() - round_begun) / (_POLICY_SHARE - 1), max(ends_at - time.monotonic(), 1))
        policy = ["-m", "tools.fuzz_policy", "--seconds", str(int(seconds) + 1), "--seed", str(seed)]
        if subprocess.run([sys.executable, *policy], cwd=ROOT, check=False).returncode:
            return 1
        number, examples = number + 1, min(examples * 2, _MOST_EXAMPLES)
        print(f"round {number} with seed {seed}: no fault, {time.monotonic() - begun:.0f} s so far", flush=True)
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10, help="how long; a round that began is brought to its end")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the first round; the next ones count up")
    options = parser.parse_args(arguments)
    if options.minutes <= 0:
        parser.error(f"--minutes: expected more than 0, found {options.minutes}")
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

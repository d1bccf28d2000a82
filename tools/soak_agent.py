"""Let an agent run while its machine fails: `python -m tools.soak_agent`, or `make soak-agent`.

A real server, a real agent on a small disk, and a policy that changes. In each round something befalls the run at a
random moment: kill -9, SIGSTOP (one time in fifty for a minute), a full disk, a read-only file system, no more memory.
Then it is checked that every managed file is whole (what it was, what it shall be, or what was put there by hand),
that the next run converges and the one after it finds nothing to do, that no unfinished file is left, and that the
server has the result of every run that told one, each once. A seed always gives the same rounds.

Exit status: 0 no fault, 1 faults, 2 wrong usage.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

from tests.e2e.processes import Background
from tests.e2e.world import Server
from tools.soaking.faults import FAULTS
from tools.soaking.machine import Machine, machine_of
from tools.soaking.policies import Policy, policy

_LONGEST_DELAY_SECONDS: Final = 1.2
_ROUNDS_OF_A_POLICY: Final = 6
_FINE: Final = frozenset({"unchanged", "changed", "skipped"})


class Soak:
    """The rounds, and what they found."""

    def __init__(self, server: Server, machine: Machine, seed: int) -> None:
        self._server = server
        self._machine = machine
        self._chance = random.Random(seed)  # noqa: S311 - it chooses faults, no secrets
        self._known: dict[str, set[bytes | None]] = {}
        self._told: list[str] = []
        self._generation = 0
        self._policy: Policy | None = None
        self.befell: Counter[str] = Counter()
        self.faults: list[str] = []

    def round(self, number: int) -> None:
        """Let one thing befall one run, and see what is left."""
        if self._policy is None or number % _ROUNDS_OF_A_POLICY == 0:
            self._publish()
        self._drift()
        name = self._chance.choice(list(FAULTS))
        delay, share = self._chance.uniform(0, _LONGEST_DELAY_SECONDS), self._chance.random()
        self.befell[name] += 1
        before = len(self.faults)
        with self._machine.envoy.run_in_background() as run:
            time.sleep(delay)
            FAULTS[name](self._machine, run, share)
            self._tell(run)
        self._see_whole_files()
        self._see_convergence()
        if len(self.faults) > before:
            self.faults[before:] = [
                f"round {number} ({name} after {delay:.3f} s): {one}" for one in self.faults[before:]
            ]

    def finish(self) -> None:
        """See that the server has every result once."""
        runs = [run["id"] for run in self._all_runs()]
        lost = [run for run in self._told if run not in runs]
        self.faults += [f"the result of run {run} is lost" for run in lost]
        self.faults += [f"run {run} came {count} times" for run, count in Counter(runs).items() if count > 1]

    def _publish(self) -> None:
        self._generation += 1
        self._policy = policy(self._generation, self._chance)
        self._server.publish(dict(self._policy.stacks))
        for path, content in self._policy.contents.items():
            self._known.setdefault(path, {None}).add(content)

    def _drift(self) -> None:
        """Change a few files by hand."""
        for path in self._chance.sample(sorted(self._known), 4):
            content = self._chance.choice((None, b"", b"by hand\n"))
            self._known[path].add(content)
            self._machine.write(path, content)

    def _tell(self, run: Background) -> None:
        """Remember the result that a run told, which from then on must not be lost."""
        text = run.ended().out
        if text.strip().endswith("}"):
            report = json.loads(text)
            if report.get("run_id") and report.get("delivered"):
                self._told.append(report["run_id"])

    def _see_whole_files(self) -> None:
        for path, known in self._known.items():
            found = self._machine.read(path)
            if found not in known:
                self.faults.append(f"{path} is neither what it was nor what it shall be: {len(found or b'')} bytes")

    def _see_convergence(self) -> None:
        first, again = self._clean_run(), self._clean_run()
        if first is None or again is None or self._policy is None:
            return
        left = {one["id"]: one["outcome"] for one in again["results"] if one["outcome"] == "changed"}
        if left:
            self.faults.append(f"the second run still changes {left}")
        for path, content in self._policy.contents.items():
            if self._machine.read(path) != content and not path.endswith("told"):
                self.faults.append(f"{path} is not what it shall be after a run")
        self.faults += [f"left over: {path}" for path in self._machine.leftovers()]

    def _clean_run(self) -> dict[str, Any] | None:
        done = self._machine.envoy.once("--json")
        if done.status != 0:
            self.faults.append(f"a run with nothing in its way ended with {done.status}: {done.err[-500:]}")
            return None
        report: dict[str, Any] = json.loads(done.out)
        wrong = {one["id"]: one["reason"] for one in report["results"] if one["outcome"] not in _FINE}
        if wrong or not report["delivered"] or report["waiting_runs"]:
            waiting = report["waiting_runs"]
            self.faults.append(f"a run with nothing in its way: {wrong}, {waiting} waiting: {report['message']}")
        self._told.append(report["run_id"])
        return report

    def _all_runs(self) -> list[dict[str, Any]]:
        runs: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self._server.get(f"/api/v1/runs?envoy={self._machine.envoy.name}&limit=500{cursor}")
            runs += page["items"]
            if not page["next_cursor"]:
                return runs
            cursor = f"&cursor={page['next_cursor']}"


def main() -> int:
    """Run the rounds and print what they found; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=500, help="how many rounds (500)")
    parser.add_argument("--seed", type=int, default=0, help="which rounds (0)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vigo-soak-") as scratch:
        folder = Path(scratch).resolve()
        with Server(folder / "server") as server, machine_of(server, folder) as machine:
            soak = Soak(server, machine, options.seed)
            for number in range(options.runs):
                soak.round(number)
                if number % 25 == 24:  # noqa: PLR2004 - now and then
                    print(f"{number + 1} rounds, {len(soak.faults)} faults", flush=True)
            soak.finish()
    befell = ", ".join(f"{name} {count}" for name, count in sorted(soak.befell.items()))
    print(f"{options.runs} rounds (seed {options.seed}): {befell}; {len(soak.faults)} faults")
    for fault in soak.faults:
        print(fault)
    return 1 if soak.faults else 0


if __name__ == "__main__":
    sys.exit(main())

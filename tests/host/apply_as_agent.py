"""Runs on the booted Debian: applies plans as the agent does, with the traits of this machine.

Usage: python -m tests.host.apply_as_agent < PASSES

Each line is one pass: `run` or `dry-run`, and the plan as a bundle carries it, in base64. What is owed to handlers and
what could be undone is remembered from pass to pass. Prints the results of each, as JSON.
"""

import base64
import sys

import msgspec

from vigo.agent.engine.engine import Engine
from vigo.agent.engine.notices import NoticesInMemory
from vigo.agent.engine.undo_records import UndosInMemory
from vigo.agent.local_machine import LocalMachine
from vigo.catalog.scan import resource_kinds
from vigo.core.clock import SystemClock
from vigo.core.encoding import decode
from vigo.core.plan import Plan
from vigo.core.run import ResourceResult


class Agent:
    """What lasts from one pass to the next."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._machine = LocalMachine(None, "debian", self._clock)
        self._engine = Engine(self._machine.host, self._machine.execute, self._clock, kinds=resource_kinds())
        self._notices = NoticesInMemory()
        self._undos = UndosInMemory()

    def applied(self, plan: Plan, *, dry_run: bool) -> tuple[ResourceResult, ...]:
        """Return how every resource of a plan ended; traits are collected anew."""
        traits = self._machine.collect({}).traits
        functions = self._machine.functions(traits)
        return self._engine.apply(plan, traits, functions, notices=self._notices, undos=self._undos, dry_run=dry_run)


def main() -> None:
    """Print how every resource ended in every pass."""
    agent = Agent()
    results = []
    for line in sys.stdin:
        word, encoded = line.split()
        plan = decode(base64.b64decode(encoded), Plan)
        results.append(agent.applied(plan, dry_run=word == "dry-run"))
    sys.stdout.buffer.write(msgspec.json.encode(results))


if __name__ == "__main__":
    main()

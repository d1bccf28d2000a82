"""Runs on the booted Debian: applies plans one after the other, each in a run of its own with the journal of the last.

Usage: python -m tests.host.apply_in_turn STATE_DIR < PLANS

Prints the results of each plan, as JSON.
"""

import sys
from pathlib import Path

import msgspec

from vigo.agent.engine.engine import Engine
from vigo.agent.journal.journal import Journal
from vigo.agent.local_machine import LocalMachine
from vigo.catalog.scan import resource_kinds
from vigo.core.clock import SystemClock
from vigo.core.plan import Plan
from vigo.core.run import ResourceResult


def main() -> None:
    """Print how every resource of every plan ended."""
    state_dir = Path(sys.argv[1])
    state_dir.mkdir(mode=0o700, exist_ok=True)
    plans = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Plan])
    sys.stdout.buffer.write(msgspec.json.encode([_applied(plan, state_dir) for plan in plans]))


def _applied(plan: Plan, state_dir: Path) -> tuple[ResourceResult, ...]:
    clock = SystemClock()
    machine = LocalMachine(None, "debian", clock)
    engine = Engine(machine.host, machine.execute, clock, kinds=resource_kinds(), protected=(str(state_dir),))
    journal = Journal.open(state_dir)
    try:
        return engine.apply(plan, {}, machine.functions({}), notices=journal, undos=journal.undos)
    finally:
        journal.close()


if __name__ == "__main__":
    main()

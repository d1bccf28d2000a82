"""Runs on the booted Debian: applies the plan on standard input by the agent's own engine and executors.

Usage: python -m tests.host.apply_plan run|dry-run ... < PLAN

Each word is one pass, in which nothing is remembered from the last. Prints the results of each, as JSON.
"""

import sys

import msgspec

from vigo.agent.engine.engine import Engine
from vigo.agent.local_machine import LocalMachine
from vigo.catalog.scan import resource_kinds
from vigo.core.clock import SystemClock
from vigo.core.plan import Plan
from vigo.core.run import ResourceResult


def main() -> None:
    """Print how every resource of the plan ended in every pass."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    results = [_applied(plan, dry_run=one == "dry-run") for one in sys.argv[1:]]
    sys.stdout.buffer.write(msgspec.json.encode(results))


def _applied(plan: Plan, *, dry_run: bool) -> tuple[ResourceResult, ...]:
    clock = SystemClock()
    machine = LocalMachine(None, "debian", clock)
    engine = Engine(machine.host, machine.execute, clock, kinds=resource_kinds())
    return engine.apply(plan, {}, machine.functions({}), dry_run=dry_run)


if __name__ == "__main__":
    main()

"""Runs on the booted Debian: applies a plan whose secrets have the values that it is given, and logs all that it can.

Usage: python -m tests.host.apply_with_secrets PASSES < GIVEN

Two lines: the values by name as JSON, and the plan as a bundle carries it, in base64. Prints the results of each pass,
as JSON; logs to standard error as the agent does.
"""

import base64
import logging
import sys

import msgspec

from vigo.agent.engine.engine import Engine
from vigo.agent.local_machine import LocalMachine
from vigo.agent.logs import log_to_stderr
from vigo.catalog.scan import resource_kinds
from vigo.core.clock import SystemClock
from vigo.core.encoding import decode
from vigo.core.plan import Plan
from vigo.core.wire.secret_messages import Resolved


def main() -> None:
    """Print how every resource ended in every pass."""
    log_to_stderr(logging.DEBUG)
    values = msgspec.json.decode(sys.stdin.readline(), type=dict[str, str])
    plan = decode(base64.b64decode(sys.stdin.readline()), Plan)
    results = []
    for _ in range(int(sys.argv[1])):
        clock = SystemClock()
        machine = LocalMachine(None, "debian", clock)
        engine = Engine(
            machine.host,
            machine.execute,
            clock,
            kinds=resource_kinds(),
            resolve=lambda names: Resolved({name: values[name] for name in names}),
        )
        results.append(engine.apply(plan, {}, machine.functions({})))
    sys.stdout.buffer.write(msgspec.json.encode(results))


if __name__ == "__main__":
    main()

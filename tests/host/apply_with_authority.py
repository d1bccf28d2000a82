"""Runs on the booted Debian: applies a plan whose certificates a CA signs as a server's service CA does.

Usage: python -m tests.host.apply_with_authority KEY CERTIFICATE PASSES < PLAN

The CA's files are read by the server's own code, which signs what the agent's asks for. Prints the results, as JSON.
"""

import sys
from datetime import timedelta
from pathlib import Path

import msgspec

from vigo.agent.engine.engine import Engine
from vigo.agent.local_machine import LocalMachine
from vigo.catalog.scan import resource_kinds
from vigo.core.clock import SystemClock
from vigo.core.plan import Plan
from vigo.server.features.certificates.service import _requested_names
from vigo.server.platform.pki.authority import Authority
from vigo.server.platform.pki.requests import requested_key


def main() -> None:
    """Print how every resource of the plan ended in every pass."""
    key, certificate, passes = sys.argv[1:]
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    clock = SystemClock()
    authority = Authority.load(Path(key), Path(certificate), clock)

    def sign(csr_pem: str, days: int) -> str:
        wanted = requested_key(csr_pem, is_service=True)
        return authority.issue_service(wanted, _requested_names(csr_pem), timedelta(days=days)).pem + authority.pem

    results = []
    for _ in range(int(passes)):
        machine = LocalMachine(None, "debian", clock)
        machine.use_authority(sign)
        engine = Engine(machine.host, machine.execute, clock, kinds=resource_kinds())
        results.append(engine.apply(plan, {}, machine.functions({})))
    sys.stdout.buffer.write(msgspec.json.encode(results))


if __name__ == "__main__":
    main()

"""Observes and plans every case of the catalogue on a real folder, and changes nothing. `test_31_*` traces it.

Usage: python -m tests.security.observe_cases FOLDER

The roots of the cases stand in FOLDER/KIND/CASE. Prints how many were observed.
"""

import sys
from pathlib import Path

import msgspec

from tests.catalog.test_cases import PATHS
from tests.contracts.host.test_cases import loaded
from vigo.agent.collect import collect_all
from vigo.agent.host.real_host import RealHost
from vigo.catalog.scan import collectors, resource_kinds
from vigo.core.clock import SystemClock
from vigo.core.errors import VigoError


def main() -> None:
    """Observe every case, and collect every trait set of every root."""
    folder, kinds = Path(sys.argv[1]), resource_kinds()
    sets = collectors()
    cases = [(kinds[path.parent.name], loaded(path), folder / path.parent.name / path.stem) for path in PATHS]
    # All is imported and read by now. Where this is seen in the trace, what is to be judged begins.
    Path("/the-trace-begins-here").exists()
    for kind, case, root in cases:
        host = RealHost(str(root))
        try:
            spec = msgspec.convert(case.spec, kind.spec)
            kind.validate(spec)
            tuple(kind.plan(spec, kind.observe(spec, host)))
        except (VigoError, msgspec.ValidationError):
            continue
        collect_all(host, SystemClock(), {}, sets)
    Path("/the-trace-ends-here").exists()
    sys.stdout.write(f"{len(cases)}\n")


if __name__ == "__main__":
    main()

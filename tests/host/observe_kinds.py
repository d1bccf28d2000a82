"""Observes and plans the declarations of all cases on the machine that it runs on, and collects all traits.

It changes nothing: `test_purity.py` traces it. Prints the kinds of which a declaration was planned, and in a second
line the programs that were asked.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.catalog.test_cases import PATHS
from tests.contracts.host.test_cases import loaded
from vigo.agent.collect import collect_all
from vigo.agent.host.real_host import RealHost
from vigo.catalog.api import CommandResult
from vigo.catalog.scan import collectors, resource_kinds
from vigo.core.clock import SystemClock
from vigo.core.errors import VigoError

GUARDS = ("unless", "onlyif")
"""What runs an operator's own program, which may do anything."""


class Asked(RealHost):
    """The machine, with a note of the programs that it was asked by."""

    def __init__(self, names: set[str]) -> None:
        super().__init__(None)
        self._names = names

    def query(self, argv: Sequence[str]) -> CommandResult | None:
        self._names.add(argv[0])
        return super().query(argv)


def main() -> None:
    """Observe them all, each on a host that knows nothing yet of those before."""
    kinds, sets = resource_kinds(), collectors()
    specs = {}
    for path in PATHS:
        spec = loaded(path).spec
        if not set(GUARDS) & spec.keys():
            specs[path.parent.name, msgspec.json.encode(spec)] = spec
    specs["package", b"latest"] = {"package": "vigo-probe", "state": "latest"}
    planned, asked = set(), set()
    Path("/the-trace-begins-here").exists()
    for (kind_name, _), fields in specs.items():
        kind = kinds[kind_name]
        try:
            spec = msgspec.convert(fields, kind.spec)
            kind.validate(spec)
            tuple(kind.plan(spec, kind.observe(spec, Asked(asked))))
        except (VigoError, msgspec.ValidationError):
            continue
        planned.add(kind_name)
    collect_all(Asked(asked), SystemClock(), {}, sets)
    Path("/the-trace-ends-here").exists()
    sys.stdout.write(f"{' '.join(sorted(planned))}\n{' '.join(sorted(asked))}")


if __name__ == "__main__":
    main()

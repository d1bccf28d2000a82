"""Stacks without errors, open for questions: what is declared, what each entry gets, and the plans made of it."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import msgspec

from vigo.catalog.api import Resource
from vigo.catalog.scan import resource_kinds
from vigo.core.plan import Plan
from vigo.policy.assignments import Assigner, Assignment
from vigo.policy.compilation import Compilation
from vigo.policy.compiling import CompiledPolicy, compile_stacks
from vigo.policy.declarations import declare
from vigo.policy.diagnostics import Diagnostic, Findings, SourceLines
from vigo.policy.documents.hostcrates import HostEntry
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.stacks import read_stacks
from vigo.policy.resources import MOST_RESOURCES, Stamped, Stamper
from vigo.policy.sources import Sources
from vigo.policy.variables import Layer


class Studied(msgspec.Struct, frozen=True):
    """What studying gave: a study, or None where the stacks have errors; and everything that was found."""

    study: "Study | None"
    diagnostics: tuple[Diagnostic, ...]


class Study:
    """The declarations of compiled stacks, read again with all their places, which a plan no longer has."""

    def __init__(self, sources: Sources, policy: CompiledPolicy, kinds: Mapping[str, Resource[Any, Any]]) -> None:
        # Whatever there is to say of the stacks, compiling has said; these findings go nowhere.
        reading = Reading(sources.files, Findings(SourceLines(sources.files)))
        self.compilation = Compilation(reading, kinds)
        self.stacks = read_stacks(reading)
        self.crates = {name: declare(self.compilation, source) for name, source in self.stacks.configcrates.items()}
        self._assigner = Assigner(self.compilation, self.stacks)
        self._policy = policy

    @property
    def entries(self) -> tuple[HostEntry, ...]:
        """The match entries in the order in which they are tried."""
        return self.stacks.entries

    def assignment(self, index: int) -> Assignment:
        """Return what an entry gets."""
        return self._assigner.assignment(self.entries[index])

    def plan(self, index: int) -> Plan:
        """Return the compiled plan of an entry."""
        return self._policy.plan(self._policy.entries[index])

    def layers(self, assignment: Assignment, crate: str) -> tuple[Layer, ...]:
        """Return the layers of variables that a configcrate sees, from the lowest to the highest."""
        return (*self.stacks.configcrates[crate].layers, *assignment.layers)

    def stamped(self, assignment: Assignment) -> list[Stamped]:
        """Return the resources of an entry with their declarations, configcrate by configcrate."""
        found: list[Stamped] = []
        for name, case in assignment.crates.items():
            crate = self.crates[name]
            variables = assignment.variables_of(crate.source.layers)
            stamper = Stamper(self.compilation, crate, variables, assignment.entry.origin, case)
            found += islice(stamper.resources(), MOST_RESOURCES - len(found))
        return found


def study(sources: Sources, kinds: Mapping[str, Resource[Any, Any]] | None = None) -> Studied:
    """Return what can be asked of some stacks; those with errors are refused, and the diagnostics say why."""
    known = resource_kinds() if kinds is None else kinds
    compiled = compile_stacks(sources, known)
    found = None if compiled.policy is None else Study(sources, compiled.policy, known)
    return Studied(found, compiled.diagnostics)

"""Stacks without errors, open for questions: what is declared, what each entry gets, and the plans made of it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from vigo.catalog.api import Resource
from vigo.core.plan import Plan
from vigo.policy.assignments import Assignment
from vigo.policy.compiling import CompiledPolicy, compile_stacks
from vigo.policy.diagnostics import Diagnostic
from vigo.policy.documents.hostcrates import HostEntry
from vigo.policy.resources import Stamped
from vigo.policy.sources import Sources
from vigo.policy.variables import Layer


class Studied(msgspec.Struct, frozen=True):
    """What studying gave: a study, or None where the stacks have errors; and everything that was found."""

    study: "Study | None"
    diagnostics: tuple[Diagnostic, ...]


class Study:
    """A policy with the declarations that it was compiled from and all their places, which a plan no longer has."""

    def __init__(self, policy: CompiledPolicy) -> None:
        self.compilation = policy.compilation
        self.stacks = policy.stacks
        self.crates = policy.crates
        self._policy = policy

    @property
    def entries(self) -> tuple[HostEntry, ...]:
        """The match entries in the order in which they are tried."""
        return self._policy.entries

    def assignment(self, index: int) -> Assignment:
        """Return what an entry gets."""
        return self._policy.compiled_entries[index].assignment

    def plan(self, index: int) -> Plan:
        """Return the compiled plan of an entry."""
        return self._policy.compiled_entries[index].plan

    def layers(self, assignment: Assignment, crate: str) -> tuple[Layer, ...]:
        """Return the layers of variables that a configcrate sees, from the lowest to the highest."""
        return (*self.stacks.configcrates[crate].layers, *assignment.layers)

    def stamped(self, index: int) -> list[Stamped]:
        """Return the resources of an entry with their declarations, configcrate by configcrate."""
        return [resource for crate in self._policy.compiled_entries[index].crates for resource in crate.resources]


def study(sources: Sources, kinds: Mapping[str, Resource[Any, Any]] | None = None) -> Studied:
    """Return what can be asked of some stacks; those with errors are refused, and the diagnostics say why."""
    compiled = compile_stacks(sources, kinds)
    return Studied(None if compiled.policy is None else Study(compiled.policy), compiled.diagnostics)

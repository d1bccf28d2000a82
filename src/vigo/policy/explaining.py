"""Why a machine gets what it gets: its entry, its roles, its configcrates and its variables, each with its place."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from vigo.core.hostnames import matches
from vigo.core.plan import Origin
from vigo.policy.assignments import Assignment
from vigo.policy.documents.hostcrates import COMMON_FILE, HostEntry
from vigo.policy.explained_variables import (
    ExplainedVariable,
    Winner,
    explained_everywhere,
    names_in,
    paths_called,
    winners,
)
from vigo.policy.study import Study
from vigo.policy.variables import Layer
from vigo.policy.yaml_tree import Scalar

_PREFIX = "vars."


class Place(msgspec.Struct, frozen=True):
    """A name and where it stands."""

    name: str
    origin: Origin


class Match(msgspec.Struct, frozen=True):
    """An entry that covers a hostname, with those of its patterns that do."""

    origin: Origin
    patterns: tuple[Place, ...]


class Source(msgspec.Struct, frozen=True):
    """What gives a role or configcrate, where, and the condition over traits under which it does."""

    by: str
    origin: Origin
    when: str | None = None


class ExplainedCase(msgspec.Struct, frozen=True):
    """A role's case: the condition, and the configcrates that a machine gets where it holds."""

    when: str
    origin: Origin
    configcrates: tuple[str, ...]


class ExplainedRole(msgspec.Struct, frozen=True):
    """A role of an entry: where it is declared, and what names it."""

    name: str
    origin: Origin
    sources: tuple[Source, ...]
    includes: tuple[str, ...]
    cases: tuple[ExplainedCase, ...]


class ExplainedCrate(msgspec.Struct, frozen=True):
    """A configcrate that something gives to an entry. `when` is None where a machine always gets it.

    `excluded` says what takes it away: then no machine of the entry has it.
    """

    name: str
    origin: Origin
    sources: tuple[Source, ...]
    when: str | None
    excluded: Source | None


class ExplainedHost(msgspec.Struct, frozen=True):
    """All that a hostname gets and why; `later` are entries that would match, did not this one come first."""

    host: str
    entry: Match
    later: tuple[Match, ...]
    environment: Source | None
    roles: tuple[ExplainedRole, ...]
    configcrates: tuple[ExplainedCrate, ...]
    variables: tuple[Winner, ...]


class HostTrace:
    """Answers why one machine gets what it gets. `index` is the number of its entry."""

    def __init__(self, study: Study, hostname: str, index: int, later: Sequence[int]) -> None:
        self.study = study
        self.host = hostname
        self.index = index
        self._later = later
        self.assignment = study.assignment(index)

    @property
    def scopes(self) -> dict[str, tuple[Layer, ...]]:
        """By configcrate, the layers of variables that it sees; one without a name where there is no configcrate."""
        scopes = {name: self.study.layers(self.assignment, name) for name in self.assignment.crates}
        return scopes or {"": self.assignment.layers}

    def everything(self) -> ExplainedHost:
        """Return all that the machine gets and why."""
        entry = self.assignment.entry
        name = entry.environment
        return ExplainedHost(
            host=self.host,
            entry=_match(entry, self.host),
            later=tuple(_match(self.study.entries[one], self.host) for one in self._later),
            environment=None if name is None else Source(name.text, name.origin),
            roles=tuple(self._role(one) for one in self.assignment.roles),
            configcrates=tuple(self._crates()),
            variables=winners(self.scopes),
        )

    def variable(self, name: str) -> tuple[ExplainedVariable, ...]:
        """Return why a variable has its value, once for all configcrates that see the same; none where nothing sets it.

        The name is dotted; `vars.` may stand before it.
        """
        scopes = self.scopes
        for called in (name, name.removeprefix(_PREFIX)):
            layers = (layer for of_crate in scopes.values() for layer in of_crate)
            path = next((path for layer in layers for path in paths_called(called, layer.values)), None)
            if path is not None:
                return explained_everywhere(scopes, path)
        return ()

    def variable_names(self) -> set[str]:
        """Return the dotted names of all variables that something sets for the machine."""
        return {name for layers in self.scopes.values() for layer in layers for name in names_in(layer.values)}

    def _role(self, name: str) -> ExplainedRole:
        roles = self.study.stacks.roles
        role = roles[name]
        sources = [Source("entry", one.origin) for one in self.assignment.entry.roles if one.text == name]
        for other in self.assignment.roles:
            sources += [Source(f"role {other}", one.origin) for one in roles[other].includes if one.text == name]
        return ExplainedRole(
            name=name,
            origin=role.name.origin,
            sources=tuple(sources),
            includes=tuple(one.text for one in role.includes),
            cases=tuple(
                ExplainedCase(case.when.text, case.when.origin, tuple(one.text for one in case.configcrates))
                for case in role.cases
            ),
        )

    def _crates(self) -> Iterator[ExplainedCrate]:
        given: dict[str, list[Source]] = {}
        for name, source in _sources(self.study, self.assignment):
            given.setdefault(name, []).append(source)
        environment = self.study.stacks.environments.get(self.assignment.environment or "")
        excluding = () if environment is None else environment.exclude
        excluded = {one.text: Source(f"environment {self.assignment.environment}", one.origin) for one in excluding}
        there = self.assignment.crates
        for name in (*there, *(name for name in given if name not in there)):
            case = there.get(name)
            yield ExplainedCrate(
                name=name,
                origin=self.study.stacks.configcrates[name].name.origin,
                sources=tuple(given[name]),
                when=None if case is None else case.condition.expression,
                excluded=None if name in there else excluded[name],
            )


def trace(study: Study, hostname: str) -> HostTrace | None:
    """Return who answers why a machine gets what it gets, or None where no entry covers its hostname."""
    covering = [
        index
        for index, entry in enumerate(study.entries)
        if any(matches(pattern.text, hostname) for pattern in entry.patterns)
    ]
    return HostTrace(study, hostname, covering[0], covering[1:]) if covering else None


def _match(entry: HostEntry, hostname: str) -> Match:
    covering = [pattern for pattern in entry.patterns if matches(pattern.text, hostname)]
    return Match(entry.origin, tuple(Place(one.text, one.origin) for one in covering))


def _sources(study: Study, assignment: Assignment) -> Iterator[tuple[str, Source]]:
    """Yield each configcrate that something gives to an entry, in the order in which they are assigned."""
    for by, when, names in _givers(study, assignment):
        for name in names:
            yield name.text, Source(by, name.origin, when)


def _givers(study: Study, assignment: Assignment) -> Iterator[tuple[str, str | None, Iterable[Scalar]]]:
    stacks, entry = study.stacks, assignment.entry
    for directory in _directories(entry):
        if directory in stacks.inherited:
            file = f"{directory}/{COMMON_FILE}" if directory else COMMON_FILE
            yield file, None, stacks.inherited[directory].configcrates
    for name in assignment.roles:
        role = stacks.roles[name]
        yield f"role {name}", None, role.configcrates
        for case in role.cases:
            yield f"role {name}", case.when.text, case.configcrates
    yield "entry", None, entry.configcrates
    if assignment.environment is not None:
        environment = stacks.environments[assignment.environment]
        yield f"environment {assignment.environment}", None, environment.configcrates


def _directories(entry: HostEntry) -> list[str]:
    """Return the directories from the root down to that of an entry's file."""
    parts = entry.directory.split("/") if entry.directory else []
    return ["/".join(parts[:length]) for length in range(len(parts) + 1)]

"""From the text of the stacks to a policy, or to all that is wrong with them; pure."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from vigo.catalog.api import Resource
from vigo.catalog.scan import resource_kinds
from vigo.core.ids import ResourceId
from vigo.core.plan import Plan, PlannedResource
from vigo.policy.assignments import Assigner, Assignment
from vigo.policy.compilation import Compilation
from vigo.policy.declarations import Crate, declare
from vigo.policy.diagnostics import Diagnostic, Findings, SourceLines
from vigo.policy.documents.hostcrates import HostEntry
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.stacks import read_stacks
from vigo.policy.graph import Graph
from vigo.policy.matching import Matcher, warn_of_shadows
from vigo.policy.ownership import check_handlers, check_names, check_owners
from vigo.policy.resources import MOST_RESOURCES, Stamped, Stamper
from vigo.policy.sources import Sources
from vigo.policy.variables import merged


class CompiledPolicy:
    """A policy without errors: its entries, and the plan of each."""

    def __init__(self, entries: Sequence[HostEntry], plans: Sequence[Plan], matcher: Matcher) -> None:
        self.entries = tuple(entries)
        self._plans = {id(entry): plan for entry, plan in zip(self.entries, plans, strict=True)}
        self._matcher = matcher

    def match(self, hostname: str) -> HostEntry | None:
        """Return the first entry that covers a hostname, the same object each time, or None."""
        index = self._matcher.first(hostname)
        return None if index is None else self.entries[index]

    def plan(self, entry: HostEntry) -> Plan:
        """Return the plan of an entry that `match` returned."""
        return self._plans[id(entry)]


class Compiled(msgspec.Struct, frozen=True):
    """What compiling gave: a policy, or None where there are errors; and everything that was found, by place."""

    policy: CompiledPolicy | None
    diagnostics: tuple[Diagnostic, ...]


def compile_stacks(sources: Sources, kinds: Mapping[str, Resource[Any, Any]] | None = None) -> Compiled:
    """Return the policy of some stacks with a plan for every entry, and all diagnostics, sorted by place.

    No input makes this raise. `kinds` are the kinds that resources may have, by default those of the catalogue.
    """
    findings = Findings(SourceLines(sources.files))
    compilation = Compilation(Reading(sources.files, findings), resource_kinds() if kinds is None else kinds)
    stacks = read_stacks(compilation.reading)
    are_names_known = not findings.has_errors
    crates = {name: declare(compilation, source) for name, source in stacks.configcrates.items()}
    for crate in crates.values():
        _check_crate(compilation, crate)
    assigner = Assigner(compilation, stacks)
    matcher = Matcher([[pattern.text for pattern in entry.patterns] for entry in stacks.entries])
    warn_of_shadows(findings, stacks.entries, matcher)
    assignments = [assigner.assignment(entry) for entry in stacks.entries]
    plans = [_plan(compilation, assignment, crates) for assignment in assignments]
    used = {name for assignment in assignments for name in assignment.crates}
    excluded = {name.text for environment in stacks.environments.values() for name in environment.exclude}
    for name, crate in crates.items() if are_names_known else ():
        if name not in used:
            _check_unused(compilation, crate, is_excluded=name in excluded)
    good = [plan for plan in plans if plan is not None]
    if len(good) < len(plans) and not findings.has_errors:
        # A resource that is left out without a word would be worse than stacks that cannot be published.
        place = next(entry.origin for entry, plan in zip(stacks.entries, plans, strict=True) if plan is None)
        message = "this entry cannot be compiled, and no reason was found: that is a fault in Vigo, please report it"
        findings.error(place, "internal", message)
    diagnostics = (*findings.diagnostics(), *sources.problems)
    return Compiled(
        policy=None
        if any(one.severity == "error" for one in diagnostics)
        else CompiledPolicy(stacks.entries, good, matcher),
        diagnostics=tuple(sorted(diagnostics, key=lambda one: (one.file, one.line, one.column))),
    )


def _check_crate(compilation: Compilation, crate: Crate) -> None:
    """Find what is wrong with names in a configcrate that no entry may use yet."""
    seen: dict[str, Any] = {}
    for declaration in crate.declarations:
        former = seen.setdefault(declaration.name.text, declaration)
        if former is not declaration:
            message = (
                f"name: expected each name once, found {declaration.name.text!r} again;"
                f" it stands at {former.origin} too"
            )
            compilation.error(declaration.name.origin, "duplicate-name", message, "give one of the two another name")


def _check_unused(compilation: Compilation, crate: Crate, *, is_excluded: bool) -> None:
    """Warn of a configcrate that no entry gets, and of what is wrong with it where only its own variables count."""
    place = crate.source.name.origin
    if not is_excluded:
        hint = "name it in an entry, a role that entries have, common.vgo or an environment; or remove it"
        compilation.findings.warning(place, "unused", "no entry gets this configcrate", hint=hint)
    with compilation.findings.as_warnings():
        stamper = Stamper(compilation, crate, merged(crate.source.layers), place, None)
        stamped = list(islice(stamper.resources(), MOST_RESOURCES))
        check_names(compilation, place, stamped)
        check_owners(compilation, place, stamped)
        check_handlers(compilation, stamped)


def _plan(compilation: Compilation, assignment: Assignment, crates: Mapping[str, Crate]) -> Plan | None:
    """Return the plan of one entry, or None with errors."""
    place = assignment.entry.origin
    stamped: list[Stamped] = []
    scopes: dict[str, dict[str, Any]] = {}
    incomplete: set[str] = set()
    for name, case in assignment.crates.items():
        crate = crates[name]
        variables = assignment.variables_of(crate.source.layers)
        stamper = Stamper(compilation, crate, variables, place, case)
        resources = list(islice(stamper.resources(), MOST_RESOURCES + 1 - len(stamped)))
        incomplete |= set() if stamper.knows_all_names else {name}
        stamped += resources
        if any(one.templates or one.conditions for one in resources):
            scopes[name] = variables
        if len(stamped) > MOST_RESOURCES:
            message = f"expected at most {MOST_RESOURCES} resources for one entry, found more; look at its loops"
            compilation.error(place, "too-large", message)
            return None
    check_names(compilation, place, stamped)
    check_owners(compilation, place, stamped)
    check_handlers(compilation, stamped)
    graph = Graph(compilation, place, stamped, frozenset(incomplete))
    graph.add_references()
    graph.add_crates(crates, tuple(assignment.crates))
    order = graph.ordered() if len({one.id for one in stamped}) == len(stamped) else None
    if order is None or incomplete or not all(one.is_whole for one in stamped):
        return None
    return Plan(
        entry=place,
        match=tuple(pattern.text for pattern in assignment.entry.patterns),
        environment=assignment.environment,
        roles=assignment.roles,
        configcrates=tuple(assignment.crates),
        scopes=scopes,
        resources=tuple(_planned(one, graph) for one in order),
    )


def _planned(resource: Stamped, graph: Graph) -> PlannedResource:
    options = resource.declaration.options
    return PlannedResource(
        id=resource.id,
        type=resource.declaration.type,
        origin=resource.origin,
        fields=resource.fields,
        templates=resource.templates,
        locals=resource.locals,
        conditions=resource.conditions,
        only_when_notified=resource.is_handler,
        immediately=options.immediately,
        depends_on=_ids(graph.depends_on.get(resource.id)),
        notify=_ids(graph.notify.get(resource.id)),
        timeout_seconds=options.timeout_seconds,
        on_failure=options.on_failure,
        on_remove=options.on_remove,
        noop=options.noop,
    )


def _ids(found: Mapping[ResourceId, None] | None) -> tuple[ResourceId, ...]:
    return () if found is None else tuple(found)

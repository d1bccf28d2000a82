"""From the text of the stacks to a policy, or to all that is wrong with them; pure."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET

from vigo.catalog.api import Resource
from vigo.catalog.scan import resource_kinds
from vigo.core.bundle import MAX_PLAN_BYTES
from vigo.core.ids import ResourceId
from vigo.core.named_task import NamedTask
from vigo.core.plan import FORMAT, FORMAT_WITH_SECRETS, Origin, Plan
from vigo.core.saved_query import SavedQuery
from vigo.core.scrier import ScrierRule
from vigo.core.secret_marker import SecretMarker, marker_of
from vigo.core.workflow import Workflow
from vigo.policy.arranging import Arrangement, Everything, arranged
from vigo.policy.assignments import Assigner, Assignment
from vigo.policy.cache import Cache
from vigo.policy.compilation import Compilation
from vigo.policy.compliance import Compliance
from vigo.policy.declarations import Crate, declared
from vigo.policy.diagnostics import Diagnostic, Findings, SourceLines
from vigo.policy.documents.hostcrates import HostEntry
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.stacks import Stacks, read_stacks
from vigo.policy.effort import Effort, TooMuchWorkError
from vigo.policy.matching import Matcher, warn_of_shadows
from vigo.policy.ownership import check_handlers, check_names, check_owners
from vigo.policy.resources import MOST_RESOURCES
from vigo.policy.secret_places import check_references
from vigo.policy.secret_references import secret_references
from vigo.policy.sources import Sources
from vigo.policy.stamping import EntryVariables, LayerNumbers, StampedCrate, stamped_crate
from vigo.policy.templating import TemplateBook

MOST_BUNDLE_BYTES: Final = MAX_PLAN_BYTES * 3 // 4
"""What the texts of one entry may take, so that an agent will take the whole bundle."""

_MOST_TEMPLATES_KEPT: Final = 200_000


class Compiled(msgspec.Struct, frozen=True):
    """What compiling gave: a policy, or None where there are errors; and everything that was found, by place."""

    policy: "CompiledPolicy | None"
    diagnostics: tuple[Diagnostic, ...]


class CompiledEntry(msgspec.Struct, frozen=True, eq=False):
    """A match entry, what it gets, and the resources of its configcrates with their order."""

    assignment: Assignment
    crates: tuple[StampedCrate, ...]
    arrangement: Arrangement

    @property
    def plan(self) -> Plan:
        """The plan for all machines of the entry, made anew each time: two thousand of them would fill the memory."""
        assignment = self.assignment
        settings = assignment.settings
        resources = (one for crate in self.crates for one in crate.resources)
        retries = {one.id: retry for one in resources if (retry := one.declaration.options.retry) is not None}
        secrets = {one.id: one.secrets for crate in self.crates for one in crate.resources if one.secrets}
        noops = {one.crate.name: one.crate.source.noop for one in self.crates if one.crate.source.noop is not None}
        return Plan(
            format=FORMAT_WITH_SECRETS if secrets else FORMAT,
            entry=assignment.entry.origin,
            match=tuple(pattern.text for pattern in assignment.entry.patterns),
            environment=assignment.environment,
            roles=assignment.roles,
            configcrates=tuple(assignment.crates),
            scopes={one.crate.name: one.scope for one in self.crates if one.scope},
            resources=self.arrangement.planned(self.crates),
            noop=settings.noop or UNSET,
            noop_configcrates=noops or UNSET,
            windows=settings.windows or UNSET,
            retries=retries or UNSET,
            secrets=secrets or UNSET,
            reconverge=UNSET if settings.reconverge in (None, "events") else settings.reconverge,
        )


class Matchers(NamedTuple):
    """Who finds the entry of a hostname, among those of the hostcrates and those of `scrier.vgo`."""

    hosts: Matcher
    scriers: Matcher


class CompiledPolicy:
    """A policy without errors: its entries, and the plan of each."""

    def __init__(
        self,
        compilation: Compilation,
        stacks: Stacks,
        crates: Mapping[str, Crate],
        entries: Sequence[CompiledEntry],
        matchers: Matchers,
    ) -> None:
        self.compilation = compilation
        self.stacks = stacks
        self.crates = crates
        self.compiled_entries = tuple(entries)
        self.entries = tuple(one.assignment.entry for one in entries)
        self._by_entry = {id(one.assignment.entry): one for one in entries}
        self._matcher, self._scriers = matchers

    def match(self, hostname: str) -> HostEntry | None:
        """Return the first entry that covers a hostname, the same object each time, or None."""
        index = self._matcher.first(hostname)
        return None if index is None else self.entries[index]

    def plan(self, entry: HostEntry) -> Plan:
        """Return the plan of an entry that `match` returned."""
        return self._by_entry[id(entry)].plan

    def scrier_rule(self, hostname: str) -> ScrierRule | None:
        """Return what the first entry of `scrier.vgo` that covers a hostname says, or None."""
        index = self._scriers.first(hostname)
        return None if index is None else self.stacks.scriers[index].rule

    def named_tasks(self) -> Mapping[str, NamedTask]:
        """Return the tasks of `tasks.vgo` by name."""
        return {task.name: task for task in self.stacks.tasks}

    def workflows(self) -> Mapping[str, Workflow]:
        """Return the workflows of `workflows.vgo` by name."""
        return {workflow.name: workflow for workflow in self.stacks.workflows}

    def saved_queries(self) -> Mapping[str, SavedQuery]:
        """Return the queries of `queries.vgo` by name."""
        return {query.name: query for query in self.stacks.queries}

    def secret_references(self) -> Sequence[tuple[SecretMarker, Origin]]:
        """Return the secrets that the stacks refer to, each with its places."""
        found = secret_references(self.compilation.reading)
        return [(marker_of(one.text), one.origin) for one in found]

    def compliance(self) -> Compliance:
        """Return what the stacks claim and waive."""
        return Compliance.of(self.stacks)

    def configcrates(self) -> frozenset[str]:
        """Return the names of the configcrates that entries get."""
        return frozenset(name for one in self.compiled_entries for name in one.assignment.crates)

    def resource_ids(self) -> frozenset[ResourceId]:
        """Return the identities of all resources that entries get."""
        crates = {id(crate): crate for one in self.compiled_entries for crate in one.crates}
        return frozenset(resource.id for crate in crates.values() for resource in crate.resources)


class Compiler:
    """Compiles stacks again and again, each time only what changed since the last times.

    A warm compilation finds and yields the same as a cold one. It is for one thread at a time.
    """

    def __init__(self, kinds: Mapping[str, Resource[Any, Any]] | None = None) -> None:
        self._kinds = resource_kinds() if kinds is None else kinds
        self._cache = Cache()
        self._book = TemplateBook()

    def compile(self, sources: Sources) -> Compiled:
        """Return the policy of some stacks and all diagnostics, sorted by place. No input makes this raise."""
        if self._book.size > _MOST_TEMPLATES_KEPT:
            self._book = TemplateBook()
        findings = Findings(SourceLines(sources.files))
        reading = Reading(sources.files, findings, self._cache)
        with _garbage_later(), self._cache.turn():
            policy = _Run(Compilation(reading, self._kinds, self._book)).policy()
        diagnostics = (*findings.diagnostics(), *sources.problems)
        has_errors = any(one.severity == "error" for one in diagnostics)
        return Compiled(
            policy=None if has_errors else policy,
            diagnostics=tuple(sorted(diagnostics, key=lambda one: (one.file, one.line, one.column))),
        )


def compile_stacks(sources: Sources, kinds: Mapping[str, Resource[Any, Any]] | None = None) -> Compiled:
    """Return the policy of some stacks with a plan for every entry, and all diagnostics, sorted by place.

    No input makes this raise. `kinds` are the kinds that resources may have, by default those of the catalogue.
    """
    return Compiler(kinds).compile(sources)


class _Run:
    """One compilation."""

    def __init__(self, compilation: Compilation) -> None:
        self._compilation = compilation
        self._findings = compilation.findings

    def policy(self) -> CompiledPolicy | None:
        """Return the policy, or None where an entry could not be compiled."""
        stacks = read_stacks(self._compilation.reading)
        check_references(self._compilation)
        are_names_known = not self._findings.has_errors
        crates = {name: declared(self._compilation, source) for name, source in stacks.configcrates.items()}
        assigner = Assigner(self._compilation, stacks)
        matcher = Matcher([[pattern.text for pattern in entry.patterns] for entry in stacks.entries])
        warn_of_shadows(self._findings, stacks.entries, matcher)
        scriers = Matcher([[pattern.text for pattern in entry.patterns] for entry in stacks.scriers])
        warn_of_shadows(self._findings, stacks.scriers, scriers)
        assignments = [assigner.assignment(entry) for entry in stacks.entries]
        try:
            entries = self._entries(assignments, Everything(self._compilation, crates))
            if are_names_known:
                self._check_unused(stacks, assignments, crates)
        except TooMuchWorkError as error:
            self._findings.error(Origin(".", 1, 1), "too-large", str(error), hint=error.hint)
            return None
        good = [one for one in entries if one is not None]
        if len(good) == len(entries):
            return CompiledPolicy(self._compilation, stacks, crates, good, Matchers(matcher, scriers))
        if not self._findings.has_errors:
            # A resource that is left out without a word would be worse than stacks that cannot be published.
            place = next(entry.origin for entry, one in zip(stacks.entries, entries, strict=True) if one is None)
            message = (
                "this entry cannot be compiled, and no reason was found: that is a fault in Vigo, please report it"
            )
            self._findings.error(place, "internal", message)
        return None

    def _entries(self, assignments: Sequence[Assignment], everything: Everything) -> list[CompiledEntry | None]:
        numbers = LayerNumbers(self._compilation.cache)
        entries = [self._entry(one, everything, numbers) for one in assignments]
        stamped = {crate for entry in entries if entry is not None for crate in entry.crates}
        everything_made = Effort()
        for one in stamped:
            everything_made.add(one.effort)
        everything_made.check()
        return entries

    def _entry(self, assignment: Assignment, everything: Everything, numbers: LayerNumbers) -> CompiledEntry | None:
        place = assignment.entry.origin
        mine = [everything.crates[name] for name in assignment.crates]
        cases = [None if case is None else case.condition for case in assignment.crates.values()]
        layers = [numbers.of(layer) for layer in assignment.layers]
        # Where something else of the entry changed, most of its configcrates are what they were.
        former = self._compilation.cache.same(("crates", *layers), dict[Any, StampedCrate])
        make = partial(self._resources, assignment, everything, numbers, former)
        key = ("entry", everything.number, *mine, *cases, *layers)
        stamped, arrangement = self._compilation.kept(key, make, place)
        if sum(len(one.resources) for one in stamped) > MOST_RESOURCES:
            message = f"expected at most {MOST_RESOURCES} resources for one entry, found more; look at its loops"
            self._compilation.error(place, "too-large", message)
        if (text_bytes := sum(one.text_bytes for one in stamped)) > MOST_BUNDLE_BYTES:
            message = (
                f"expected at most {MOST_BUNDLE_BYTES >> 20} MiB of text in a bundle, found {text_bytes >> 20} MiB"
            )
            hint = "large files belong into a package, or on a server that machines fetch from"
            self._compilation.error(place, "too-large", message, hint)
            return None
        return None if arrangement is None else CompiledEntry(assignment, stamped, arrangement)

    def _resources(
        self,
        assignment: Assignment,
        everything: Everything,
        numbers: LayerNumbers,
        former: dict[Any, StampedCrate],
    ) -> tuple[tuple[StampedCrate, ...], Arrangement | None]:
        place = assignment.entry.origin
        variables = EntryVariables(assignment.layers, numbers)
        stamped: list[StampedCrate] = []
        silent: dict[Any, StampedCrate] = {}
        size = 0
        for name, case in assignment.crates.items():
            crate = everything.crates[name]
            key = (crate, None if case is None else case.condition)
            one = former.get(key) or stamped_crate(self._compilation, crate, variables, place, case)
            if one.is_silent:
                silent[key] = one
            stamped.append(one)
            size += len(one.resources)
            if size > MOST_RESOURCES:
                return tuple(stamped), None
        former.clear()
        former.update(silent)
        arrangement = arranged(self._compilation, stamped, everything, place)
        return tuple(stamped), arrangement

    def _check_unused(self, stacks: Stacks, assignments: Sequence[Assignment], crates: Mapping[str, Crate]) -> None:
        used = {name for assignment in assignments for name in assignment.crates}
        excluded = {name.text for environment in stacks.environments.values() for name in environment.exclude}
        for name, crate in crates.items():
            if name not in used:
                self._check_crate_alone(crate, is_excluded=name in excluded)

    def _check_crate_alone(self, crate: Crate, *, is_excluded: bool) -> None:
        """Warn of a configcrate that no entry gets, and of what is wrong with it where only its own variables count."""
        place = crate.source.name.origin
        if not is_excluded:
            hint = "name it in an entry, a role that entries have, common.vgo or an environment; or remove it"
            self._findings.warning(place, "unused", "no entry gets this configcrate", hint=hint)
        with self._findings.as_warnings():
            none = EntryVariables((), LayerNumbers(self._compilation.cache))
            resources = stamped_crate(self._compilation, crate, none, place, None).resources[:MOST_RESOURCES]
            check_names(self._compilation, place, resources)
            check_owners(self._compilation, place, resources)
            check_handlers(self._compilation, resources)


@contextmanager
def _garbage_later() -> Iterator[None]:
    """Keep Python from looking for cycles meanwhile: there are none, and it looks at each new object several times.

    Measured with `make bench-policy`: it takes a fifth off a compilation.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

"""What an entry gets: its roles with all that they include, its configcrates, and the variables of each."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from vigo.core.plan import Condition
from vigo.policy.compilation import Compilation
from vigo.policy.documents.hostcrates import HostEntry
from vigo.policy.documents.roles import Case, Role
from vigo.policy.documents.settings import Settings
from vigo.policy.documents.stacks import Stacks
from vigo.policy.options import When, read_condition
from vigo.policy.template_places import TemplateText
from vigo.policy.variables import Layer, merged
from vigo.policy.yaml_tree import Scalar

_MOST_STEPS_SHOWN: Final = 12


class Assignment(msgspec.Struct, frozen=True):
    """What one entry gets. `layers` are its variables from the lowest to the highest, above those of a configcrate.

    `crates` maps each configcrate to the condition under which a machine gets it; None stands for always.
    """

    entry: HostEntry
    environment: str | None
    roles: tuple[str, ...]
    crates: dict[str, When | None]
    layers: tuple[Layer, ...]
    settings: Settings = Settings()

    def variables_of(self, defaults: Iterable[Layer]) -> dict[str, Any]:
        """Return the variables that a configcrate with these defaults sees."""
        return merged((*defaults, *self.layers))


class Assigner:
    """Works out assignments. Conditions of cases are read once, their errors recorded."""

    def __init__(self, compilation: Compilation, stacks: Stacks) -> None:
        self._stacks = stacks
        self._roles: dict[tuple[str, ...], list[Role]] = {}
        self._refuse_circles(compilation)
        self._cases: dict[int, When | None] = {
            id(case): read_condition(compilation, case.when) for role in stacks.roles.values() for case in role.cases
        }

    def assignment(self, entry: HostEntry) -> Assignment:
        """Return what an entry gets.

        Configcrates stand in this order: inherited ones (parent before child), those of roles, of the entry, of the
        environment. One that is always there does not depend on a case any more; several cases count as alternatives.
        """
        names = tuple(name.text for name in entry.roles)
        if names not in self._roles:
            self._roles[names] = self._expanded(entry.roles)
        roles = self._roles[names]
        environment = None if entry.environment is None else self._stacks.environments.get(entry.environment.text)
        inherited = [self._stacks.inherited[name] for name in _directories(entry) if name in self._stacks.inherited]
        crates: dict[str, When | None] = {}
        for common in inherited:
            self._add(crates, common.configcrates)
        for role in roles:
            self._add(crates, role.configcrates)
            for case in role.cases:
                self._add_case(crates, case)
        self._add(crates, entry.configcrates)
        layers = [layer for role in roles for layer in role.layers]
        layers += [layer for common in inherited for layer in common.layers]
        layers += entry.layers
        if environment is not None:
            self._add(crates, environment.configcrates)
            layers += environment.layers
            for name in environment.exclude:
                crates.pop(name.text, None)
        return Assignment(
            entry=entry,
            environment=None if entry.environment is None else entry.environment.text,
            roles=tuple(role.name.text for role in roles),
            crates=crates,
            layers=tuple(layers),
            settings=entry.settings if environment is None else entry.settings.below(environment.settings),
        )

    def _add(self, crates: dict[str, When | None], names: Iterable[Scalar]) -> None:
        for name in names:
            if name.text in self._stacks.configcrates:
                crates[name.text] = None

    def _add_case(self, crates: dict[str, When | None], case: Case) -> None:
        when = self._cases[id(case)]
        for name in case.configcrates:
            if when is None or name.text not in self._stacks.configcrates:
                continue
            if name.text not in crates:
                crates[name.text] = when
            elif (former := crates[name.text]) is not None and former.condition != when.condition:
                crates[name.text] = _either(former, when)

    def _expanded(self, names: Iterable[Scalar]) -> list[Role]:
        """Return roles with what they include before them, each once; later ones take precedence."""
        found: dict[str, Role] = {}
        begun: set[str] = set()
        pending: list[tuple[str, Iterator[Scalar]]] = [("", iter(names))]
        while pending:
            name, rest = pending[-1]
            included = next(rest, None)
            if included is None:
                pending.pop()
                if name:
                    found[name] = self._stacks.roles[name]
            elif included.text in self._stacks.roles and included.text not in begun:
                begun.add(included.text)
                pending.append((included.text, iter(self._stacks.roles[included.text].includes)))
        return list(found.values())

    def _refuse_circles(self, compilation: Compilation) -> None:
        """Refuse roles that include each other: walk down from every role, each only once."""
        done: set[str] = set()
        for start in self._stacks.roles:
            way: dict[str, Scalar] = {}
            pending: list[tuple[str, Iterator[Scalar]]] = []
            if start not in done:
                way[start] = self._stacks.roles[start].name
                pending.append((start, iter(self._stacks.roles[start].includes)))
            while pending:
                name, rest = pending[-1]
                included = next(rest, None)
                if included is None:
                    pending.pop()
                    done.add(name)
                    del way[name]
                elif included.text in way:
                    steps = [*way.values(), included]
                    _refuse_circle(compilation, steps[list(way).index(included.text) + 1 :])
                elif included.text in self._stacks.roles and included.text not in done:
                    way[included.text] = included
                    pending.append((included.text, iter(self._stacks.roles[included.text].includes)))


def _refuse_circle(compilation: Compilation, includes: list[Scalar]) -> None:
    shown = [f"{one.text} ({one.origin.file}:{one.origin.line})" for one in includes[:_MOST_STEPS_SHOWN]]
    found = " -> ".join([includes[-1].text, *shown, *(["..."] if len(includes) > len(shown) else [])])
    message = f"includes: expected no circle, found {found}"
    compilation.error(includes[-1].origin, "cycle", message, "remove one of these includes")


def _either(first: When, second: When) -> When:
    expression = f"({first.condition.expression}) or ({second.condition.expression})"
    parsed = msgspec.structs.replace(
        first.parsed,
        names=first.parsed.names | second.parsed.names,
        variables=tuple(dict.fromkeys((*first.parsed.variables, *second.parsed.variables))),
        needs_machine=first.parsed.needs_machine or second.parsed.needs_machine,
    )
    text = TemplateText(expression, first.text.origin, first.text.scalar)
    return When(Condition(expression, first.condition.origin), text, parsed)


def _directories(entry: HostEntry) -> list[str]:
    """Return the directories from the root down to that of an entry's file."""
    parts = entry.directory.split("/") if entry.directory else []
    return ["/".join(parts[:length]) for length in range(len(parts) + 1)]

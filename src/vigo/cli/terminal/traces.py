"""Why a host gets what it gets, as people read it: tables whose rows name the places in the stacks."""

import json
from collections.abc import Sequence
from typing import Any, Final

from vigo.cli.terminal.table import Cell, print_table
from vigo.core.plan import Origin
from vigo.core.secret_marker import written
from vigo.core.terminal import print_line
from vigo.policy.explained_resources import ExplainedField, ExplainedResource
from vigo.policy.explained_variables import Claim, ExplainedVariable
from vigo.policy.explaining import ExplainedCrate, ExplainedHost, ExplainedRole, Match, Source

_LONGEST: Final = 120
_COLOURS: Final = {"wins": "green", "merged": "green", "hides": "yellow", "loses": ""}


def print_host(told: ExplainedHost) -> None:
    """Print the entry, the environment, the roles, the configcrates and the variables of a host."""
    print_line(f"{told.host} gets the entry {_matched(told.entry)}", bold=True)
    for match in told.later:
        print_line(f"this entry would match too, but comes later: {_matched(match)}")
    if told.environment is not None:
        print_line(f"environment {_source(told.environment)}")
    _print_table(("ROLE", "GIVEN BY", "INCLUDES", "CASES", "DECLARED"), [_role_row(one) for one in told.roles])
    crates = [_crate_row(one) for one in told.configcrates]
    _print_table(("CONFIGCRATE", "THERE", "GIVEN BY", "DECLARED"), crates)
    there = {one.name for one in told.configcrates if one.excluded is None}
    rows = [
        (
            Cell(one.name, whole=True),
            _value(one.value),
            one.layer,
            _place(one.origin),
            "all" if there <= set(one.configcrates) else ", ".join(one.configcrates),
        )
        for one in told.variables
    ]
    _print_table(("VARIABLE", "VALUE", "FROM", "PLACE", "SEEN BY"), rows)


def print_variables(variables: Sequence[ExplainedVariable]) -> None:
    """Print what the layers say of a variable, for each group of configcrates that see the same."""
    for index, one in enumerate(variables):
        if index:
            print_line()
        crates = ", ".join(filter(None, one.configcrates))
        seen = f" in {crates}" if crates else ""
        is_value = f" = {_value(one.value, None)}" if one.is_set else " has no value"
        print_line(f"{one.name}{is_value}{seen}", bold=True)
        rows = [
            (Cell(claim.standing, _COLOURS[claim.standing]), _claimed(one, claim), claim.layer, _place(claim.origin))
            for claim in one.claims
        ]
        print_table(("", "VALUE", "FROM", "PLACE"), rows)


def print_resource(told: ExplainedResource) -> None:
    """Print the fields of a resource, what it depends on, and the variables that it uses."""
    planned = told.planned
    print_line(f"{planned.id}: {planned.type}, declared at {planned.origin}", bold=True)
    if told.foreach is not None:
        items = ", ".join(f"{name} = {_value(value)}" for name, value in told.foreach.locals.items())
        print_line(f"foreach at {told.foreach.origin}: {items}")
    for condition in told.conditions:
        print_line(f"when {condition.expression} ({condition.origin})")
    if planned.only_when_notified:
        print_line(f"only when notified, {'at once' if planned.immediately else 'at the end of a run'}")
    rows = [(one.name, _value(one.value), _given(one), _place(one.origin)) for one in told.fields]
    _print_table(("FIELD", "VALUE", "FROM", "PLACE"), rows)
    relations = [(one.one, one.relation, one.other, _place(one.origin)) for one in told.relations]
    _print_table(("RESOURCE", "RELATION", "OTHER", "PLACE"), relations)
    used = [(one.name, _value(one.value), one.claims[0].layer, _place(one.claims[0].origin)) for one in told.variables]
    _print_table(("USES", "VALUE", "FROM", "PLACE"), used)


def _print_table(heads: Sequence[str], rows: Sequence[Sequence[Cell | str]]) -> None:
    if rows:
        print_line()
        print_table(heads, rows)


def _role_row(role: ExplainedRole) -> tuple[Cell | str, ...]:
    cases = [f"when {case.when}: {', '.join(case.configcrates)} ({case.origin})" for case in role.cases]
    return role.name, _sources(role.sources), ", ".join(role.includes), "; ".join(cases), _place(role.origin)


def _crate_row(crate: ExplainedCrate) -> tuple[Cell | str, ...]:
    there = Cell("always" if crate.when is None else f"when {crate.when}")
    if crate.excluded is not None:
        there = Cell(f"excluded by {_source(crate.excluded)}", "yellow")
    return crate.name, there, _sources(crate.sources), _place(crate.origin)


def _matched(match: Match) -> str:
    return f"{match.origin} by {', '.join(f'{one.name} ({one.origin})' for one in match.patterns)}"


def _sources(sources: Sequence[Source]) -> str:
    return ", ".join(_source(one) for one in sources)


def _source(source: Source) -> str:
    by = source.by if source.when is None else f"a case of {source.by}"
    return f"{by} ({source.origin})"


def _claimed(variable: ExplainedVariable, claim: Claim) -> str:
    named = "" if claim.variable == variable.name else f"{claim.variable} = "
    return named + _value(claim.value)


def _given(field: ExplainedField) -> str:
    parts: list[str] = [field.given_by]
    parts += [field.file] if field.file is not None else []
    parts += [f"template {_value(field.written)}"] if field.written is not None else []
    parts += ["rendered on the machine"] if field.is_rendered_on_machine else []
    return ", ".join(parts)


def _place(origin: Origin) -> Cell:
    return Cell(str(origin), whole=True)


def _value(value: Any, longest: int | None = _LONGEST) -> str:
    text = json.dumps(written(value), ensure_ascii=False)
    return text if longest is None or len(text) <= longest else f"{text[:longest]}..."

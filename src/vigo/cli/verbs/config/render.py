"""`vigocli config render`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from vigo.cli.terminal.compliance import HostCompliance
    from vigo.policy.trials import Trial, TriedResource

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_COLOURS = {"skipped": "yellow", "unknown": "yellow", "failed": "red"}


@click.command("render", cls=Verb)
@click.option(
    "--stacks",
    type=click.Path(path_type=Path),
    help="The folder of .vgo files; it needs neither server nor data folder. `stacks` in the data folder otherwise.",
)
@click.option("--traits", type=_FILE, help="The machine's traits, as `vigo traits --json` prints them; YAML will do.")
@click.option("--facts", type=_FILE, help="Answers to predicates that look at a machine, as in a test's `facts`.")
@json_option
@click.argument("host")
@click.pass_context
def command(
    ctx: click.Context, *, host: str, stacks: Path | None, traits: Path | None, facts: Path | None, as_json: bool
) -> None:
    """Show what HOST gets: each resource in its order, its fields rendered, its conditions decided.

    What only the machine can tell is shown as unknown. Without --traits the host has its name alone. The controls that
    its configcrates claim and the waivers that cover it stand before the resources; the machine gets neither.

    Examples:
      vigocli config render web-1 --stacks ./stacks
      vigo traits --json > web-1.json
      vigocli config render web-1 --stacks ./stacks --traits web-1.json --json

    Exit statuses:
      0  rendered
      1  no entry covers the host, a resource would fail, or the stacks have errors
      2  the command line is wrong
    """
    from vigo.catalog.scan import resource_kinds  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.client.local_policy import facts_in, policy_here, traits_in  # noqa: PLC0415 - the same
    from vigo.cli.terminal.compliance import host_compliance  # noqa: PLC0415 - the same
    from vigo.cli.terminal.findings import counted, print_findings  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same
    from vigo.core.errors import InvalidError  # noqa: PLC0415 - the same
    from vigo.core.hostnames import canonical_hostname  # noqa: PLC0415 - the same
    from vigo.policy.compliance import Compliance  # noqa: PLC0415 - the same
    from vigo.policy.documents.facts import Facts  # noqa: PLC0415 - the same
    from vigo.policy.trials import Machine, try_policy  # noqa: PLC0415 - the same

    machine = Machine(
        canonical_hostname(host),
        {} if traits is None else traits_in(traits),
        Facts() if facts is None else facts_in(facts),
    )
    here = policy_here(ctx, stacks)
    if here.policy is None:
        print_findings(here.findings)
        raise InvalidError(f"{here.folder}: {counted(here.findings)}: nothing can be rendered")
    trial = try_policy(here.policy, machine, resource_kinds())
    if trial.plan is None:
        raise InvalidError(f"{here.folder}: expected an entry that covers {machine.hostname}, found none; add one")
    today = SystemClock().now().date()
    compliance = host_compliance(Compliance.of(here.policy.stacks), machine.hostname, trial, today)
    if as_json:
        print_json(_as_json(machine.hostname, trial, compliance))
    else:
        _print_trial(machine.hostname, trial, compliance)
    ctx.exit(1 if any(one.outcome == "failed" for one in trial.resources.values()) else 0)


def _print_trial(hostname: str, trial: "Trial", compliance: "HostCompliance") -> None:
    from vigo.cli.terminal.compliance import print_compliance  # noqa: PLC0415 - so that `--help` starts at once

    plan = trial.plan
    if plan is None:
        return
    print_line(f"{hostname}: the entry {plan.entry.file}:{plan.entry.line}", bold=True)
    print_line(f"environment: {plan.environment or 'none'}")
    print_line(f"roles: {', '.join(plan.roles) or 'none'}")
    print_line(f"configcrates: {', '.join(plan.configcrates) or 'none'}")
    print_compliance(compliance)
    for id_, one in trial.resources.items():
        print_line()
        place = one.planned.origin
        print_line(f"{id_}: {one.planned.type} ({place.file}:{place.line})", bold=True)
        if one.outcome != "managed":
            print_line(f"  {one.outcome}{': ' if one.reason else ''}{one.reason}", colour=_COLOURS[one.outcome])
        for name, value in _values(one):
            _print_value(name, value)
        for word, reasons in (("unknown", one.unknown), ("failed", one.failed)):
            for name, reason in reasons.items():
                print_line(f"  {name}: {word}: {reason}", colour=_COLOURS[word])


def _values(one: "TriedResource") -> list[tuple[str, Any]]:
    planned = one.planned
    options = {
        "when": "changed" if planned.only_when_notified else None,
        "depends_on": list(planned.depends_on),
        "notify": list(planned.notify),
    }
    return [*one.fields.items(), *((name, value) for name, value in options.items() if value)]


def _print_value(name: str, value: Any) -> None:
    import msgspec  # noqa: PLC0415 - so that `--help` starts at once

    if isinstance(value, str) and "\n" in value.rstrip("\n"):
        print_line(f"  {name}: |" if value.endswith("\n") else f"  {name}: |-")
        for line in value.removesuffix("\n").split("\n"):
            print_line(f"    {line}".rstrip())
        return
    print_line(f"  {name}: {msgspec.json.encode(value).decode()}")


def _as_json(hostname: str, trial: "Trial", compliance: "HostCompliance") -> dict[str, Any]:
    import msgspec  # noqa: PLC0415 - so that `--help` starts at once

    from vigo.cli.terminal.compliance import compliance_as_json  # noqa: PLC0415 - the same

    plan = trial.plan
    return {
        "host": hostname,
        "entry": None if plan is None else str(plan.entry),
        "environment": None if plan is None else plan.environment,
        "roles": [] if plan is None else list(plan.roles),
        "configcrates": [] if plan is None else list(plan.configcrates),
        "compliance": compliance_as_json(compliance),
        "resources": [
            {
                "id": id_,
                "type": one.planned.type,
                "origin": str(one.planned.origin),
                "outcome": one.outcome,
                "reason": one.reason,
                "fields": msgspec.to_builtins(one.fields),
                "unknown": dict(one.unknown),
                "failed": dict(one.failed),
                "only_when_notified": one.planned.only_when_notified,
                "depends_on": list(one.planned.depends_on),
                "notify": list(one.planned.notify),
            }
            for id_, one in trial.resources.items()
        ],
    }

"""`vigocli config plan`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

import click

from vigo.cli.client.connecting import PATIENT, connect
from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vigo.policy.diagnostics import Diagnostic
    from vigo.policy.planning.answer import FleetPlan

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_FIRST: Final = "the stacks are published for the first time"


@click.command("plan", cls=Verb)
@click.option("--host", metavar="GLOB", help="Only envoys with such a name: exact, a glob or ~regex.")
@click.option("--environment", metavar="NAME", help="Only envoys that are in it before or after.")
@click.option("--details", is_flag=True, help="Every envoy and every line, and the fields of what is added.")
@click.option("--summary", is_flag=True, help="Only on how many envoys what becomes of each resource.")
@click.option("--stacks", type=_FOLDER, help="Compare this folder here, without a server; takes --envoys too.")
@click.option("--against", type=_FOLDER, help="With --stacks: the stacks that are live; none where left out.")
@click.option("--envoys", type=_FILE, help="With --stacks: what `vigocli envoys show NAME --json` says of each.")
@json_option
@click.pass_context
def command(ctx: click.Context, /, *, details: bool, summary: bool, as_json: bool, **given: Any) -> None:
    """Show what publishing the server's stacks would change, for every envoy, before anything is published.

    The stacks are compared with the live generation by what they declare for each envoy. Conditions and templates are
    decided with the traits that the envoy told last; what only the machine can tell is shown as `may apply`, and what
    needs traits that are not stored as unknown until it checks in. Changes that the same envoys have are one group.

    What machines are like now is not looked at, so nothing here says what a run will find to do on one:
    `vigo run --dry-run` on it does, of what is live.

    What is removed stays on the machine as it is and is no longer managed, unless the live generation has
    `on_remove: revert` for it. --json is what the API sent; with --details nothing is left out of it.

    Examples:
      vigocli --data-dir ./data config plan
      vigocli config plan --host 'web-*' --details
      vigocli config plan --json > plan.json
      vigocli config plan --stacks ./stacks --against ./live --envoys fleet.json

    Exit statuses:
      0  nothing changes
      1  the stacks have errors, or there is no such envoy, or the server could not be asked
      2  the command line is wrong
      4  something changes, or may
    """
    if details and summary:
        raise click.UsageError("expected --details or --summary, found both")
    make = _by_server if given["stacks"] is None else _here
    found = make(ctx, given, details=details, as_json=as_json)
    if as_json:
        print_json(found.answer)
    else:
        _print(found, details=details, summary=summary)
    from vigo.core.errors import ExitStatus  # noqa: PLC0415 - so that `--help` starts at once

    ctx.exit(int(ExitStatus.CHANGES if found.plan.changes else ExitStatus.OK))


class _Found(NamedTuple):
    """A plan, what `--json` prints of it, and what it is about in words. `advice` says how to make it so."""

    plan: "FleetPlan"
    answer: Any
    warnings: "Sequence[Diagnostic]"
    what: str
    advice: str = ""


def _by_server(ctx: click.Context, given: dict[str, Any], *, details: bool, as_json: bool) -> _Found:
    """Return the plan that the server makes for its stacks, or end with what is wrong with them."""
    from vigo.cli.client.answers import read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.client.api import RejectedStacksError  # noqa: PLC0415 - the same
    from vigo.cli.client.stage_plan import StagePlan  # noqa: PLC0415 - the same

    if given["against"] is not None or given["envoys"] is not None:
        raise click.UsageError("expected --stacks beside --against and --envoys, found none")
    asked = {"host": given["host"], "environment": given["environment"], "full": "true" if details else None}
    try:
        with connect(ctx, PATIENT) as api:
            answer = api.get("plan", asked)
    except RejectedStacksError as error:
        _refuse(ctx, error.findings, error.problem if as_json else None)
    plan = read(answer, StagePlan)
    number = 0 if plan.live is None else plan.live.number
    what = f"the stacks take the place of generation {number}" if number else _FIRST
    advice = f"`vigocli config publish -m MESSAGE --base {number}` makes it so"
    return _Found(plan, answer, plan.warnings, what, advice)


def _here(ctx: click.Context, given: dict[str, Any], *, details: bool, as_json: bool) -> _Found:
    """Return the plan that is made here of two folders and a file of envoys, or end with what is wrong with one."""
    from vigo.cli.client.local_plan import Asked, plan_here  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.client.stacks import Validated  # noqa: PLC0415 - the same

    if given["envoys"] is None:
        raise click.UsageError("expected --envoys FILE beside --stacks, found none; this asks no server")
    asked = Asked(**given, in_full=details)
    found = plan_here(asked)
    if found.plan is None:
        problem = Validated(str(found.folder), found.findings).as_json()
        _refuse(ctx, found.findings, problem if as_json else None, f"{found.folder}: ")
    what = f"{asked.stacks} takes the place of {asked.against}" if asked.against is not None else _FIRST
    return _Found(found.plan, found.as_json(asked), found.findings, what)


def _refuse(ctx: click.Context, findings: "Sequence[Diagnostic]", problem: Any, where: str = "") -> NoReturn:
    """Say what is wrong with stacks, as JSON where there is some, and end."""
    from vigo.cli.terminal.findings import counted, print_findings  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.core.errors import ExitStatus  # noqa: PLC0415 - the same

    if problem is not None:
        print_json(problem)
    else:
        print_findings(findings)
        print_line(f"{where}{counted(findings)}: there is no plan for these stacks", colour="red", error=True)
    ctx.exit(int(ExitStatus.FAILED))


def _print(found: _Found, *, details: bool, summary: bool) -> None:
    from vigo.cli.terminal.findings import print_findings  # noqa: PLC0415 - for people alone
    from vigo.cli.terminal.plans import print_counts, print_plan, print_resources  # noqa: PLC0415 - the same

    print_findings(found.warnings)
    if summary:
        print_counts(found.plan, found.what)
        print_resources(found.plan)
    else:
        print_plan(found.plan, found.what, is_whole=details)
    if found.plan.changes and found.advice:
        print_line()
        print_line(found.advice)

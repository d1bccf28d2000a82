"""`vigocli compliance`: which controls of a framework the machines meet."""

import sys
from pathlib import Path
from typing import Any

import click

from vigo.cli.client.connecting import PATIENT, connect, fetched, in_path
from vigo.cli.terminal.grammar import Noun
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.terminal import print_line

_STATES = ("unmet", "unknown", "unclaimed", "waived", "met")
_NAME = "the name of a framework; `vigocli compliance list` shows them"


@click.group("compliance", cls=Noun)
def command() -> None:
    """Report which controls of a framework the machines meet, what sees to it, and who allowed the exceptions.

    A control is met on a machine where a configcrate claims it and did all its work in the last run under the live
    generation. Whether a machine is in its declared state is another question: `vigocli fleet`.

    Examples:
      vigocli compliance list
      vigocli compliance report --framework cis-debian-12 --format html -o cis.html

    Exit statuses:
      0  done
      1  failed; the reason is on standard error
      2  the command line is wrong
    """


@command.command("list")
@json_option
@click.pass_context
def list_frameworks(ctx: click.Context, *, as_json: bool) -> None:
    """List the frameworks that the live stacks claim or declare, and how far each is met.

    Examples:
      vigocli compliance list
      vigocli compliance list --json

    Exit statuses:
      0  listed, also when there is none
      1  the server could not be asked
      2  the command line is wrong
    """
    items = fetched(ctx, "compliance", limit=None, as_json=as_json, none="no configcrate claims a control")
    if not items:
        return
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - so that `--help` starts at once

    rows = [
        (
            Cell(one["framework"], whole=True),
            f"{one['coverage_percent']} %",
            str(one["controls"]),
            *(str(one["counts"][state]) for state in _STATES),
            one["title"],
        )
        for one in items
    ]
    print_table(("FRAMEWORK", "COVERED", "CONTROLS", *(state.upper() for state in _STATES), "TITLE"), rows)


@command.command("report")
@click.option("--framework", required=True, help="Which one; `vigocli compliance list` shows them.")
@click.option("--host", help="Of these machines alone: a name, a glob or ~regex.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv", "html"]), default="table", show_default=True
)
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="A file, not standard output.")
@click.pass_context
def report(ctx: click.Context, *, framework: str, host: str | None, form: str, output: Path | None) -> None:
    """Report a framework control by control, with the evidence of each machine and the waivers.

    Examples:
      vigocli compliance report --framework cis-debian-12
      vigocli compliance report --framework pci-dss-4 --host 'pay-*' --format csv -o pci.csv
      vigocli compliance report --framework iso-27001-2022 --format html -o iso.html

    Exit statuses:
      0  reported, whatever is met
      1  there is no such framework, or the server could not be asked, or the file not be written
      2  the command line is wrong
    """
    if form == "table" and output is not None:
        raise click.UsageError("expected --format json, csv or html with --output, found table")
    with connect(ctx, PATIENT) as api:
        answer = api.get(f"compliance/{in_path(framework, _NAME)}", {"host": host, "full": "true"})
    if form == "json" and output is None:
        print_json(answer)
    elif form == "table":
        _print(answer)
    else:
        from vigo.cli.terminal.compliance_report import FORMS  # noqa: PLC0415 - so that `--help` starts at once

        _write(FORMS[form](answer), output)


def _print(answer: dict[str, Any]) -> None:
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - so that `--help` starts at once

    print_line(f"{answer['framework']} {answer['title']}".strip(), bold=True)
    print_line(f"{answer['coverage_percent']} % covered: {answer['controls']} controls, {len(answer['envoys'])} envoys")
    rows = [
        (
            Cell(one["control"], whole=True),
            *(
                Cell(str(one["counts"][state]), "red" if state == "unmet" and one["counts"][state] else "")
                for state in _STATES
            ),
            one["title"],
        )
        for one in answer["by_control"]
    ]
    print_table(("CONTROL", *(state.upper() for state in _STATES), "TITLE"), rows)
    for one in answer["by_control"]:
        for evidence in one["evidence"]:
            if evidence["state"] == "unmet":
                print_line(f"{one['control']} {evidence['hostname']}: {evidence['reason']}", colour="red")
    for one in answer["waivers"]:
        lapsed = "lapsed, " if one["has_lapsed"] else ""
        print_line(
            f"waived: {', '.join(one['controls'])} on {', '.join(one['match'])} {lapsed}until {one['until']} by"
            f" {one['approved_by']}: {one['reason']}",
            colour="yellow",
        )


def _write(text: str, output: Path | None) -> None:
    from vigo.core.errors import UnavailableError  # noqa: PLC0415 - so that `--help` starts at once

    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UnavailableError(f"expected to write {output}: {error.strerror}") from error
    print_line(f"wrote {output}", error=True)

"""`vigocli config validate`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

import vigo
from vigo.cli.client.connecting import PATIENT, connect, invocation
from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from vigo.cli.client.stacks import Validated


@click.command("validate", cls=Verb)
@click.option(
    "--stacks",
    type=click.Path(path_type=Path),
    help="The folder of .vgo files; it needs neither server nor data folder. `stacks` in the data folder otherwise.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "github", "sarif"]),
    help="text for people (as by default), json for programs, github for annotations of a pull request, sarif for"
    " code scanning.",
)
@json_option
@click.pass_context
def command(ctx: click.Context, *, stacks: Path | None, format_: str | None, as_json: bool) -> None:
    """Check stacks without publishing them. Each finding tells file, line, column and what to do.

    With --stacks or --data-dir they are checked here, whether a server runs or not. After `vigocli login` the server
    checks its own. --json is short for --format json.

    Examples:
      vigocli config validate --stacks ./stacks
      vigocli --data-dir ./data config validate --json
      vigocli config validate --stacks ./stacks --format github

    Exit statuses:
      0  no errors; there may be warnings
      1  there are errors, or the stacks cannot be read
      2  the command line is wrong
    """
    from vigo.cli.client.stacks import stacks_here, validated_by, validated_here  # noqa: PLC0415 - a quick `--help`
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    if as_json and format_ not in (None, "json"):
        raise click.UsageError(f"expected --json or --format {format_}, found both")
    folder = stacks or stacks_here(invocation(ctx).data_dir)
    if folder is None:
        with connect(ctx, PATIENT) as api:
            found = validated_by(api)
    else:
        found = validated_here(folder, SystemClock().now().date())
    _print_as("json" if as_json else format_ or "text", found, stacks)
    ctx.exit(0 if found.is_valid else 1)


def _print_as(format_: str, found: "Validated", stacks: Path | None) -> None:
    if format_ == "text":
        _print_validated(found)
        return
    if format_ == "json":
        print_json(found.as_json())
        return
    from vigo.cli.terminal import findings_formats  # noqa: PLC0415 - for other programs alone

    if format_ == "sarif":
        print_json(findings_formats.sarif(found.findings, vigo.__version__))
        return
    for line in findings_formats.github_commands(found.findings, stacks):
        print_line(line)


def _print_validated(found: "Validated") -> None:
    from vigo.cli.terminal.findings import counted, plural, print_findings  # noqa: PLC0415 - for people alone

    print_findings(found.findings)
    if not found.is_valid:
        print_line(f"{found.where}: {counted(found.findings)}", colour="red", error=True)
        return
    size = ""
    if found.size is not None:
        parts = (
            plural(found.size.entries, "entry", "entries"),
            plural(found.size.configcrates, "configcrate"),
            plural(found.size.resources, "resource"),
        )
        size = f"{', '.join(parts)}; "
    print_line(f"{found.where}: {size}{counted(found.findings)}", colour="green")

"""`vigocli config`: the stacks, and the generations that are made of them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vigo.cli.client.connecting import PATIENT, connect, invocation
from vigo.cli.terminal.grammar import Noun
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option, limit_option
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from vigo.cli.client.stacks import Validated


@click.group("config", cls=Noun)
def command() -> None:
    """Check the stacks, publish them, and see what was published.

    Examples:
      vigocli --data-dir ./data config validate
      vigocli --data-dir ./data config publish -m "nginx on the edge"
      vigocli config history

    Exit statuses:
      0  done
      1  failed, or refused; the reason is on standard error
      2  the command line is wrong
    """


@command.command("validate")
@click.option(
    "--stacks",
    type=click.Path(path_type=Path),
    help="The folder of .vgo files; it needs neither server nor data folder. `stacks` in the data folder otherwise.",
)
@json_option
@click.pass_context
def validate(ctx: click.Context, *, stacks: Path | None, as_json: bool) -> None:
    """Check stacks without publishing them. Each finding tells file, line, column and what to do.

    With --stacks or --data-dir they are checked here, whether a server runs or not. After `vigocli login` the server
    checks its own.

    Examples:
      vigocli config validate --stacks ./stacks
      vigocli --data-dir ./data config validate --json

    Exit statuses:
      0  no errors; there may be warnings
      1  there are errors, or the stacks cannot be read
      2  the command line is wrong
    """
    from vigo.cli.client.stacks import stacks_here, validated_by, validated_here  # noqa: PLC0415 - a quick `--help`

    folder = stacks or stacks_here(invocation(ctx).data_dir)
    if folder is None:
        with connect(ctx, PATIENT) as api:
            found = validated_by(api)
    else:
        found = validated_here(folder)
    if as_json:
        print_json(found.as_json())
    else:
        _print_validated(found)
    ctx.exit(0 if found.is_valid else 1)


@command.command("publish")
@click.option("-m", "--message", required=True, help="Why; it stands in the history and in the audit trail.")
@json_option
@click.pass_context
def publish(ctx: click.Context, *, message: str, as_json: bool) -> None:
    """Make the server's stacks the live generation, which every envoy then pulls.

    Stacks with errors are refused with every finding, and the live generation stays. Stacks that are live already
    are left as they are.

    Examples:
      vigocli --data-dir ./data config publish -m "first policy"
      vigocli config publish -m "web: port 8080" --json

    Exit statuses:
      0  published, or nothing had changed
      1  refused, or the server could not be asked
      2  the command line is wrong
    """
    from vigo.cli.client.answers import Published, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.client.api import RejectedStacksError  # noqa: PLC0415 - the same
    from vigo.cli.terminal.findings import counted, print_findings  # noqa: PLC0415 - the same

    try:
        with connect(ctx, PATIENT) as api:
            answer = api.post("generations", {"message": message})
    except RejectedStacksError as error:
        if as_json:
            print_json(error.problem)
        else:
            print_findings(error.findings)
            told = f"{counted(error.findings)}: nothing was published and the live generation stays"
            print_line(told, colour="red", error=True)
        ctx.exit(1)
    if as_json:
        print_json(answer)
        return
    published = read(answer, Published)
    print_findings(published.warnings)
    number = published.generation.number
    if published.unchanged:
        print_line(f"nothing changed: generation {number}, which is live, has this content already")
        return
    warned = f", {counted(published.warnings)}" if published.warnings else ""
    print_line(f"generation {number} is live{warned}", colour="green")


@command.command("history")
@limit_option("At most so many; all where left out.")
@json_option
@click.pass_context
def history(ctx: click.Context, *, limit: int | None, as_json: bool) -> None:
    """List the generations, the newest first.

    Examples:
      vigocli config history --limit 10
      vigocli config history --json

    Exit statuses:
      0  listed, also when there are none
      1  the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        items = api.items("generations", limit=limit)
    if as_json:
        print_json({"items": items})
        return
    if not items:
        print_line("nothing was published yet; `vigocli config publish -m MESSAGE` does", error=True)
        return
    from vigo.cli.client.answers import Generation, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.moments import relative  # noqa: PLC0415 - the same
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    now = SystemClock().now()
    rows = [
        (
            str(one.number),
            Cell("live", "green") if one.live else "",
            relative(one.published_at, now),
            one.author,
            Cell(one.digest[:12], whole=True),
            one.message,
        )
        for one in (read(item, Generation) for item in items)
    ]
    print_table(("GENERATION", "", "PUBLISHED", "BY", "DIGEST", "MESSAGE"), rows)


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

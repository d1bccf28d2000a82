"""`vigocli config publish`."""

import click

from vigo.cli.client.connecting import PATIENT, connect
from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.terminal import print_line


@click.command("publish", cls=Verb)
@click.option("-m", "--message", required=True, help="Why; it stands in the history and in the audit trail.")
@click.option(
    "--base",
    type=click.IntRange(min=0),
    metavar="N",
    help="The live generation that you know, 0 for none; where a newer one is live, nothing is published.",
)
@json_option
@click.pass_context
def command(ctx: click.Context, *, message: str, base: int | None, as_json: bool) -> None:
    """Make the server's stacks the live generation, which every envoy then pulls.

    Stacks with errors are refused with every finding, and the live generation stays. Stacks that are live already
    are left as they are. During a freeze (`vigocli config freeze`) nothing is published.

    Examples:
      vigocli --data-dir ./data config publish -m "first policy"
      vigocli config publish -m "web: port 8080" --json
      vigocli config publish -m "web: port 8080" --base 41

    Exit statuses:
      0  published, or nothing had changed
      1  refused, or the server could not be asked
      2  the command line is wrong
    """
    from vigo.cli.client.answers import Published, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.client.api import RejectedStacksError  # noqa: PLC0415 - the same
    from vigo.cli.terminal.findings import counted, print_findings  # noqa: PLC0415 - the same

    wanted = {"message": message} if base is None else {"message": message, "base": base}
    try:
        with connect(ctx, PATIENT) as api:
            answer = api.post("generations", wanted)
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

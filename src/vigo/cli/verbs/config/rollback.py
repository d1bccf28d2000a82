"""`vigocli config rollback`."""

from typing import TYPE_CHECKING

import click

from vigo.cli.client.connecting import PATIENT, connect
from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from vigo.cli.client.answers import RolledBack, StacksDifference


@click.command("rollback", cls=Verb)
@click.argument("number", metavar="N", type=click.IntRange(min=1))
@click.option("-m", "--message", help="Why; it stands in the history. `roll back to generation N` where left out.")
@json_option
@click.pass_context
def command(ctx: click.Context, *, number: int, message: str | None, as_json: bool) -> None:
    """Publish the content of generation N again, as a new generation, which every envoy then pulls.

    It is compiled anew, and refused where this version does not compile it. The stacks are not touched: publishing
    them again would bring back what they hold, so how they differ is told.

    Examples:
      vigocli config rollback 41
      vigocli config rollback 41 -m "the new cipher list locked clients out" --json

    Exit statuses:
      0  that content is live, now or before
      1  refused, or there is no such generation, or the server could not be asked
      2  the command line is wrong
    """
    from vigo.cli.client.answers import RolledBack, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.client.api import RejectedStacksError  # noqa: PLC0415 - the same
    from vigo.cli.terminal.findings import counted, print_findings  # noqa: PLC0415 - the same

    try:
        with connect(ctx, PATIENT) as api:
            answer = api.post(f"generations/{number}/rollback", {} if message is None else {"message": message})
    except RejectedStacksError as error:
        if as_json:
            print_json(error.problem)
        else:
            print_findings(error.findings)
            told = f"generation {number} does not compile with the server's version: {counted(error.findings)}"
            print_line(f"{told}; nothing was published and the live generation stays", colour="red", error=True)
        ctx.exit(1)
    if as_json:
        print_json(answer)
        return
    done = read(answer, RolledBack)
    print_findings(done.warnings)
    print_line(_told(done, number), colour=None if done.unchanged else "green")
    _print_difference(done.stacks)


def _told(done: "RolledBack", number: int) -> str:
    live = done.generation.number
    if done.unchanged and live == number:
        return f"nothing changed: generation {number} is live already"
    if done.unchanged:
        return f"nothing changed: generation {live}, which is live, has the content of generation {number} already"
    return f"generation {live} is live, with the content of generation {number}"


def _print_difference(stacks: "StacksDifference") -> None:
    from vigo.cli.terminal.differences import difference_in_short, difference_lines  # noqa: PLC0415 - for people alone

    if stacks.problem is not None:
        print_line(f"whether the stacks differ from it nobody can tell: {stacks.problem}", colour="yellow", error=True)
        return
    lines = list(difference_lines(stacks))
    if not lines:
        print_line("the stacks hold the same")
        return
    print_line(f"the stacks were not touched and differ from it: {difference_in_short(stacks)}", colour="yellow")
    for line in lines:
        print_line(f"  {line}")
    print_line("publishing them again would bring that back; change them first")

"""`vigocli config changes`."""

import click

from vigo.cli.client.connecting import connect, in_path
from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.terminal import print_line

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command("changes", cls=Verb)
@click.argument("number", metavar="GENERATION")
@json_option
@click.pass_context
def command(ctx: click.Context, *, number: str, as_json: bool) -> None:
    """Show what a generation has otherwise than the one before it, line by line.

    Examples:
      vigocli config changes 7
      vigocli config changes 7 --json | jq -r '.files[].path'

    Exit statuses:
      0  shown
      1  there is no such generation, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        path = in_path(number, "the number of a generation; `vigocli config history` lists them")
        answer = api.get(f"generations/{path}/changes")
    if as_json:
        print_json(answer)
        return
    since = answer["since"]
    print_line(f"generation {answer['number']}, compared with {'nothing' if since is None else since}", bold=True)
    for file in answer["files"]:
        print_line(f"{file['action']} {file['path']}", bold=True)
        for line in file["diff"].splitlines():
            print_line(f"  {line}", colour=_COLOURS.get(line[:1]))
    if not answer["files"]:
        print_line("the content is the same")
    if answer["left_out"]:
        print_line(f"and {answer['left_out']} more files", colour="yellow", error=True)

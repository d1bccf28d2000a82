"""`vigocli config unfreeze`."""

import click

from vigo.cli.client.connecting import connect
from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.terminal import print_line


@click.command("unfreeze", cls=Verb)
@json_option
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """End a freeze before its time; publishing is possible again at once.

    Examples:
      vigocli config unfreeze
      vigocli config unfreeze --json

    Exit statuses:
      0  no freeze is in force, also when none was
      1  refused, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        answer = api.post("generations/unfreeze")
    if as_json:
        print_json(answer)
        return
    from vigo.cli.client.answers import Unfrozen, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.moments import exact  # noqa: PLC0415 - the same

    freeze = read(answer, Unfrozen).freeze
    if freeze is None:
        print_line("nothing was frozen")
        return
    print_line(f"ended the freeze of {freeze.frozen_by} until {exact(freeze.until)}: {freeze.reason}")

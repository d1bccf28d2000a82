"""`vigocli config history`."""

import click

from vigo.cli.client.connecting import fetched
from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.options import json_option, limit_option


@click.command("history", cls=Verb)
@limit_option("At most so many; all where left out.")
@json_option
@click.pass_context
def command(ctx: click.Context, *, limit: int | None, as_json: bool) -> None:
    """List the generations, the newest first.

    Examples:
      vigocli config history --limit 10
      vigocli config history --json

    Exit statuses:
      0  listed, also when there are none
      1  the server could not be asked
      2  the command line is wrong
    """
    items = fetched(
        ctx,
        "generations",
        limit=limit,
        as_json=as_json,
        none="nothing was published yet; `vigocli config publish -m MESSAGE` does",
    )
    if not items:
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

"""`vigocli query`: what machines know of themselves at this moment."""

from datetime import timedelta
from typing import Any

import click

from vigo.cli.client.connecting import connect
from vigo.cli.client.selecting import hosts_option, target_of
from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import DurationType, json_option, selecting_options
from vigo.core.terminal import print_line


@click.command("query", cls=Verb)
@click.argument("expression")
@hosts_option
@selecting_options
@click.option(
    "--timeout",
    "within",
    metavar="DURATION",
    type=DurationType(timedelta(seconds=1), timedelta(hours=1)),
    default="1m",
    show_default=True,
    help="How long a machine may take.",
)
@click.option(
    "--rows",
    metavar="N",
    type=click.IntRange(min=1),
    default=1_000,
    show_default=True,
    help="How many items the answer of a machine may have, where it is a list or a map.",
)
@click.option("--count", is_flag=True, help="Print how many machines gave which answer, the most frequent first.")
@click.option("--dry-run", is_flag=True, help="Show whom it would ask; ask nobody.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    expression: str,
    hosts: tuple[str, ...],
    within: timedelta,
    rows: int,
    count: bool,
    dry_run: bool,
    as_json: bool,
    **selected: Any,
) -> None:
    """Ask machines what they know of themselves now. EXPRESSION is over `traits`, as in conditions.

    Each machine collects the sets of traits that it names, and answers as it comes. Facts of your own are in
    traits.custom: the programs of the machine's folder of custom traits are run for it.

    With --json there is one object a machine, a line each: `host`, `state`, `value`.

    Examples:
      vigocli query 'traits.os.version' --all --count
      vigocli query 'traits.packages.installed["openssl"]' --target 'web-*'
      vigocli query 'traits.memory.available_bytes // 1e6' --role webserver --json
      vigocli query "package_installed('telnetd')" --all

    Exit statuses:
      0  all of them answered
      1  some did not, or nobody fits, or the server could not be asked
      2  the command line is wrong
    """
    from vigo.cli.terminal.task_progress import answers, print_answers, print_meant  # noqa: PLC0415 - for `--help`

    wanted = {
        "target": target_of(hosts, "--target", selected),
        "expression": expression,
        "timeout_seconds": within.total_seconds(),
        "rows": rows,
        "dry_run": dry_run,
    }
    with connect(ctx) as api:
        created = api.post("queries", wanted)
        if dry_run:
            if as_json:
                print_json(created)
            else:
                print_meant(created["items"])
                print_line(f"it would ask {len(created['items'])}; nobody was asked")
            return
        found = answers(api.lines(f"tasks/{created['id']}/events"))
        ctx.exit(print_answers(found, as_json=as_json, counted=count))

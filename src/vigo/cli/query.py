"""`vigocli query`: what machines know of themselves at this moment."""

from datetime import timedelta
from typing import Any

import click

from vigo.cli.client.connecting import connect, fetched
from vigo.cli.client.selecting import hosts_option, target_of
from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import DurationType, json_option, selecting_options
from vigo.core.terminal import print_line


@click.command("query", cls=Verb)
@click.argument("expression", required=False)
@click.option("--saved", metavar="NAME", help="Ask what queries.vgo has under this name; `--list` shows them.")
@click.option("--list", "is_list", is_flag=True, help="List the queries that the stacks declare.")
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
    expression: str | None,
    saved: str | None,
    is_list: bool,
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
      vigocli query --list
      vigocli query --saved openssl --environment production --count

    Exit statuses:
      0  all of them answered
      1  some did not, or nobody fits, or the server could not be asked
      2  the command line is wrong
    """
    from vigo.cli.terminal.task_progress import answers, print_answers, print_meant  # noqa: PLC0415 - for `--help`

    if sum((expression is not None, saved is not None, is_list)) != 1:
        raise click.UsageError("expected one of EXPRESSION, --saved NAME and --list, found none or several")
    if is_list:
        _list_saved(ctx, as_json=as_json)
        return
    target: dict[str, Any] = {"hosts": hosts, **selected}
    if saved is not None:
        declared = _saved(ctx, saved)
        expression = declared["expression"]
        if not any(target.values()) and declared["target"] is not None:
            target = declared["target"]
    wanted = {
        "target": target if any(target.values()) else target_of(hosts, "--target", selected),
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


def _saved(ctx: click.Context, name: str) -> dict[str, Any]:
    """Return a query of the stacks.

    Raises:
        NotFoundError: they declare none of this name.
    """
    from vigo.core.errors import NotFoundError  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.core.nearest import did_you_mean  # noqa: PLC0415 - the same

    with connect(ctx) as api:
        found: dict[str, dict[str, Any]] = {item["name"]: item for item in api.items("saved-queries")}
    if name not in found:
        near = did_you_mean(name, found)
        raise NotFoundError(f"expected a query of queries.vgo, found {name[:60]!r}{near}; `--list` shows them")
    return found[name]


def _list_saved(ctx: click.Context, *, as_json: bool) -> None:
    none = "the stacks declare no queries; see queries.vgo"
    items = fetched(ctx, "saved-queries", limit=None, as_json=as_json, none=none)
    if not items:
        return
    from vigo.cli.terminal.table import print_table  # noqa: PLC0415 - so that `--help` starts at once

    print_table(
        ("QUERY", "EXPRESSION", "WHAT IT TELLS"),
        [[item["name"], item["expression"], item["description"]] for item in items],
    )

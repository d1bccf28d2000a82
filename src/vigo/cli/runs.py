"""`vigocli runs`: what agents did."""

from typing import TYPE_CHECKING, Any

import click

from vigo.cli.client.connecting import complete_envoys, connect, fetched
from vigo.cli.terminal.grammar import Noun
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option, limit_option
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from vigo.cli.client.answers import RunDetail, RunItem
    from vigo.cli.terminal.table import Cell

_COLOURS = {"changed": "green", "failed": "red", "blocked": "yellow", "skipped": "yellow"}
_FEW = 50


@click.group("runs", cls=Noun)
def command() -> None:
    """Show what agents did, resource by resource.

    Examples:
      vigocli runs list --envoy web-1.example.com
      vigocli runs show --latest-of web-1.example.com

    Exit statuses:
      0  done
      1  failed, or refused; the reason is on standard error
      2  the command line is wrong
    """


@command.command("list")
@click.option("--envoy", metavar="ENVOY", shell_complete=complete_envoys, help="Only those of this hostname or UUID.")
@click.option(
    "--outcome",
    type=click.Choice(["unchanged", "changed", "failed", "blocked"]),
    help="Only those that are remembered by this outcome.",
)
@limit_option(f"At most so many; where left out {_FEW}, and all with --json.")
@json_option
@click.pass_context
def list_runs(ctx: click.Context, *, envoy: str | None, outcome: str | None, limit: int | None, as_json: bool) -> None:
    """List runs, the latest to arrive first.

    Examples:
      vigocli runs list --envoy web-1.example.com --limit 5
      vigocli runs list --outcome failed --json

    Exit statuses:
      0  listed, also when there are none
      1  the server could not be asked
      2  the command line is wrong
    """
    most = limit if limit is not None or as_json else _FEW + 1
    items = fetched(ctx, "runs", {"envoy": envoy, "outcome": outcome}, limit=most, as_json=as_json, none="no such runs")
    if not items:
        return
    from vigo.cli.client.answers import RunItem, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.table import print_table  # noqa: PLC0415 - the same

    shown = items if limit is not None else items[:_FEW]
    heads = ("RUN", "ENVOY", "OUTCOME", "CAUSE", "STARTED", "TOOK", "GENERATION", "RESOURCES")
    print_table(heads, [_row(read(item, RunItem)) for item in shown])
    if len(shown) < len(items):
        print_line(f"these are the latest {_FEW}; `--limit N` shows more", error=True)


@command.command("show")
@click.argument("run", required=False)
@click.option(
    "--latest-of", metavar="ENVOY", shell_complete=complete_envoys, help="The latest run of this envoy, a repair too."
)
@json_option
@click.pass_context
def show_run(ctx: click.Context, *, run: str | None, latest_of: str | None, as_json: bool) -> None:
    """Show a run: what became of each resource, and what was changed. RUN is an id from `runs list`.

    Examples:
      vigocli runs show 019ab0c2-77aa-7c11-8d12-0123456789ab
      vigocli runs show --latest-of web-1.example.com
      vigocli runs show --latest-of web-1.example.com --json

    Exit statuses:
      0  shown, whatever its outcome
      1  there is none, or the server could not be asked
      2  the command line is wrong
    """
    from urllib.parse import quote  # noqa: PLC0415 - so that `--help` starts at once

    from vigo.core.ids import parse_run_id  # noqa: PLC0415 - the same

    if (run is None) == (latest_of is None):
        raise click.UsageError("expected either the id of a run or --latest-of ENVOY; `vigocli runs list` prints ids")
    with connect(ctx) as api:
        if latest_of is not None:
            run = _latest(api.items("runs", {"envoy": latest_of}, 1), latest_of)
        answer = api.get(f"runs/{quote(parse_run_id(run or ''))}")
    if as_json:
        print_json(answer)
        return
    from vigo.cli.client.answers import RunDetail, read  # noqa: PLC0415 - the same

    _print_run(read(answer, RunDetail))


def _latest(items: list[Any], envoy: str) -> str:
    from vigo.core.errors import NotFoundError  # noqa: PLC0415 - so that `--help` starts at once

    if not items:
        raise NotFoundError(f"expected an envoy that reported a run, found none of {envoy!r}; `vigocli envoys list`")
    return str(items[0]["id"])


def _row(run: "RunItem") -> "list[Cell | str]":
    from vigo.cli.terminal.moments import milliseconds, relative  # noqa: PLC0415 - for tables alone
    from vigo.cli.terminal.table import Cell  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    return [
        Cell(run.id, whole=True),
        Cell(run.hostname, whole=True),
        Cell(run.outcome, _COLOURS.get(run.outcome, "")),
        _cause(run),
        relative(run.started_at, SystemClock().now()),
        milliseconds(run.duration_ms),
        f"{run.generation}{' (offline)' if run.offline else ''}",
        _counts(run),
    ]


def _cause(run: "RunItem") -> str:
    return f"{run.cause or '-'}{' (partial)' if run.partial else ''}"


def _counts(run: "RunItem") -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in run.counts.items() if count) or "none"


def _print_run(run: "RunDetail") -> None:
    from vigo.cli.terminal.moments import milliseconds, told  # noqa: PLC0415 - for people alone
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    now = SystemClock().now()
    print_line(f"run {run.id} of {run.hostname}", bold=True)
    print_line(f"outcome     {run.outcome}: {_counts(run)}", colour=_COLOURS.get(run.outcome))
    print_line(f"generation  {run.generation}{', applied without the server' if run.offline else ''}")
    print_line(f"cause       {run.cause or 'not told'}{', a repair of some resources alone' if run.partial else ''}")
    print_line(f"started     {told(run.started_at, now)}, took {milliseconds(run.duration_ms)}")
    print_line(f"arrived     {told(run.received_at, now)}")
    if run.dropped_runs:
        print_line(f"dropped     {run.dropped_runs} earlier runs, for want of room on the machine", colour="yellow")
    if not run.results:
        return
    print_line()
    rows = [
        (
            Cell(one.id, whole=True),
            Cell(one.outcome, _COLOURS.get(one.outcome, "")),
            ", ".join(one.changed) or "-",
            milliseconds(one.duration_ms),
            one.reason or "-",
        )
        for one in run.results
    ]
    print_table(("RESOURCE", "OUTCOME", "CHANGED", "TOOK", "REASON"), rows)
    for one in run.results:
        lines = one.diff.split("\n") if one.diff else [*one.ops] if one.outcome == "changed" else []
        if lines:
            print_line()
            print_line(one.id, bold=True)
        for line in "\n".join(lines).rstrip("\n").split("\n") if lines else ():
            print_line(f"    {line}", colour={"+": "green", "-": "red"}.get(line[:1]) if one.diff else None)

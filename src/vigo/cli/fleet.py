"""`vigocli fleet`: all machines at a glance, in the terminal."""

import time
from typing import TYPE_CHECKING, Any

import click

from vigo.cli.client.connecting import connect
from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.terminal import may_colour, print_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vigo.cli.client.api import Api

_ROWS = 20
_PAUSE_SECONDS = 2.0
_COLOURS = {
    "converged": "green",
    "degraded": "yellow",
    "failed": "red",
    "changed": "blue",
    "diverged": "yellow",
    "stale": "yellow",
}


@click.command("fleet", cls=Verb)
@click.argument("words", metavar="[FILTER]...", nargs=-1)
@click.option("--order", type=click.Choice(["worst", "hostname", "seen"]), default="worst", show_default=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=_ROWS, show_default=True, help="At most so many rows.")
@click.option("--watch", is_flag=True, help="Go on showing it as it is, until ctrl-c.")
@json_option
@click.pass_context
def command(ctx: click.Context, *, words: tuple[str, ...], order: str, limit: int, watch: bool, as_json: bool) -> None:
    """Show how the fleet is: converged or not, drifting or not, there or not; and the envoys that need a look first.

    A filter is words that all have to fit: convergence:failed,degraded, -environment:test, label:team=web, host:web-*,
    or a part of the hostname. It is the one of the fleet's page. A word that begins with a minus stands behind `--`.

    Examples:
      vigocli fleet
      vigocli fleet --watch
      vigocli fleet convergence:failed environment:production
      vigocli fleet --json -- -reachability:reachable

    Exit statuses:
      0  shown
      1  the filter cannot be understood, or the server could not be asked
      2  the command line is wrong
    """
    query: dict[str, Any] = {"filter": " ".join(words), "order": order, "limit": limit}
    with connect(ctx) as api:
        if as_json:
            print_json({"summary": api.get("fleet"), **api.get("fleet/envoys", query)})
        elif watch:
            _watch(api, query)
        else:
            _print(_drawn(api, query))


def _watch(api: "Api", query: dict[str, Any]) -> None:
    from rich.console import Console  # noqa: PLC0415 - so that `--help` starts at once
    from rich.live import Live  # noqa: PLC0415 - the same

    try:
        console = Console(color_system="auto" if may_colour() else None)
        with Live(_drawn(api, query), console=console, screen=True, auto_refresh=False) as live:
            while True:
                time.sleep(_PAUSE_SECONDS)
                live.update(_drawn(api, query), refresh=True)
    except KeyboardInterrupt:
        print_line()


def _print(drawn: "RenderableType") -> None:
    from rich.console import Console  # noqa: PLC0415 - so that `--help` starts at once

    Console(color_system="auto" if may_colour() else None, highlight=False).print(drawn)


def _drawn(api: "Api", query: dict[str, Any]) -> "RenderableType":
    from rich.console import Group  # noqa: PLC0415 - so that `--help` starts at once
    from rich.table import Table  # noqa: PLC0415 - the same
    from rich.text import Text  # noqa: PLC0415 - the same

    from vigo.cli.client.answers import Fleet, FleetPage, read  # noqa: PLC0415 - the same
    from vigo.cli.terminal.moments import relative  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same
    from vigo.core.terminal import visible  # noqa: PLC0415 - the same

    fleet, page = read(api.get("fleet"), Fleet), read(api.get("fleet/envoys", query), FleetPage)
    now = SystemClock().now()
    head = Text(f"{fleet.envoys} envoys, {fleet.connected} connected")
    if fleet.live_generation is not None:
        head.append(f"; generation {fleet.live_generation} on {fleet.on_live_generation}")
    lines = [head]
    for name, counts in (
        ("convergence", fleet.convergence),
        ("drift", fleet.drift),
        ("reachability", fleet.reachability),
    ):
        line = Text(f"{name:<13}")
        for state, count in counts.items():
            line.append(f"{count} {state}  ", style=_COLOURS.get(state, "") if count else "dim")
        lines.append(line)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("HOSTNAME", "CONVERGENCE", "DRIFT", "REACHABILITY", "ENVIRONMENT", "GENERATION", "SEEN"):
        table.add_column(title, no_wrap=title == "HOSTNAME", overflow="fold")
    for one in page.items:
        generation = "none" if one.generation is None else str(one.generation)
        table.add_row(
            Text(visible(one.hostname)),
            Text(one.convergence, style=_COLOURS.get(one.convergence, "")),
            Text(one.drift, style=_COLOURS.get(one.drift, "")),
            Text(one.reachability, style=_COLOURS.get(one.reachability, "")),
            Text(visible(one.environment or "none")),
            Text(generation),
            Text("never" if one.last_seen_at is None else relative(one.last_seen_at, now)),
        )
    left = page.found - len(page.items)
    tail = Text(f"and {left} more; --limit shows more, a filter less" if left > 0 else "", style="dim")
    return Group(*lines, Text(), table if page.items else Text("no envoy fits", style="dim"), tail)

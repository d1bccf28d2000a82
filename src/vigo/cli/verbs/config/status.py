"""`vigocli config status`."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from vigo.cli.client.connecting import connect
from vigo.cli.terminal.grammar import Verb
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from datetime import datetime

    from vigo.cli.client.answers import GenerationStatus, StacksDifference


@click.command("status", cls=Verb)
@json_option
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """Show what is live, whether something may be published, what would be, and how many envoys have what is live.

    Envoys that are behind get the live generation at their next check-in.

    Examples:
      vigocli config status
      vigocli config status --json | jq .envoys.behind

    Exit statuses:
      0  shown, whatever it is
      1  the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        answer = api.get("generations/status")
        envoys = _counted(api.items("envoys", {"status": "active"}))
    if as_json:
        print_json({**answer, "envoys": envoys})
        return
    from vigo.cli.client.answers import GenerationStatus, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    status = read(answer, GenerationStatus)
    _print_published(status, SystemClock().now())
    _print_stacks(status.stacks)
    if status.live is not None:
        told = f"{envoys['current']} with generation {status.live.number}, {envoys['behind']} behind"
        uncovered = f", {envoys['uncovered']} that no entry covers" if envoys["uncovered"] else ""
        _print_fact("envoys", told + uncovered, "yellow" if envoys["behind"] else None)


def _counted(items: list[Any]) -> dict[str, int]:
    """Return how many envoys have the live generation, are behind it, and get nothing from it."""
    from vigo.cli.client.answers import Envoy, read  # noqa: PLC0415 - so that `--help` starts at once

    found: Counter[str] = Counter()
    for envoy in (read(item, Envoy) for item in items):
        if envoy.entry is None:
            found["uncovered"] += 1
        else:
            found["current" if envoy.generation == envoy.live_generation else "behind"] += 1
    return {name: found[name] for name in ("current", "behind", "uncovered")}


def _print_published(status: "GenerationStatus", now: "datetime") -> None:
    from vigo.cli.terminal.moments import told  # noqa: PLC0415 - for people alone

    live, freeze = status.live, status.freeze
    if live is None:
        _print_fact("live", "nothing was published yet; `vigocli config publish -m MESSAGE` does")
    else:
        _print_fact("live", f"generation {live.number}: {live.message}")
        _print_fact("published", f"by {live.author}, {told(live.published_at, now)}")
    if status.problem is not None:
        _print_fact("problem", status.problem, "red")
    if freeze is None:
        _print_fact("frozen", "no")
    else:
        until = told(freeze.until, now)
        _print_fact("frozen", f"until {until}, by {freeze.frozen_by}: {freeze.reason}", "yellow")


def _print_stacks(stacks: "StacksDifference") -> None:
    from vigo.cli.terminal.differences import difference_in_short, difference_lines  # noqa: PLC0415 - for people alone

    if stacks.problem is not None:
        _print_fact("stacks", stacks.problem, "red")
        return
    lines = list(difference_lines(stacks))
    if not lines:
        _print_fact("stacks", "as what is live")
        return
    _print_fact("stacks", f"differ from what is live: {difference_in_short(stacks)}", "yellow")
    for line in lines:
        _print_fact("", line)


def _print_fact(name: str, value: str, colour: str | None = None) -> None:
    print_line(f"{name:<9}  {value}", colour=colour)

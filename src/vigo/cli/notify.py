"""`vigocli notify`: who is told of what, and what nobody took."""

import click

from vigo.cli.client.connecting import connect, fetched, in_path
from vigo.cli.terminal.grammar import Noun
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option, limit_option
from vigo.core.terminal import print_line

_LATEST = 50


@click.group("notify", cls=Noun)
def command() -> None:
    """Show who is told of what, try a channel, and send again what nobody took.

    Channels stand in notify.yaml in the server's data folder: webhooks, Slack, PagerDuty, Loki, Splunk, mail.

    Examples:
      vigocli notify channels
      vigocli notify test oncall

    Exit statuses:
      0  done
      1  failed, or nobody took it; the reason is on standard error
      2  the command line is wrong
    """


@command.command("channels")
@json_option
@click.pass_context
def list_channels(ctx: click.Context, *, as_json: bool) -> None:
    """List the channels of notify.yaml.

    Examples:
      vigocli notify channels
      vigocli notify channels --json

    Exit statuses:
      0  listed, also when there is none
      1  the server could not be asked
      2  the command line is wrong
    """
    items = fetched(
        ctx, "notification-channels", limit=None, as_json=as_json, none="notify.yaml in the data folder has no channels"
    )
    if not items:
        return
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - so that `--help` starts at once

    rows = [
        (
            Cell(one["name"], whole=True),
            one["type"],
            ", ".join(one["events"]),
            ", ".join(one["match"]) or "all",
            str(one["waiting"]),
            Cell(str(one["dead"]), "red" if one["dead"] else ""),
        )
        for one in items
    ]
    print_table(("CHANNEL", "TYPE", "EVENTS", "OF", "WAITING", "GIVEN UP"), rows)


@command.command("list")
@click.option("--state", type=click.Choice(["waiting", "sent", "dead"]), help="Those alone; dead ones were given up.")
@limit_option(f"At most so many, the newest; {_LATEST} where left out.")
@json_option
@click.pass_context
def list_notifications(ctx: click.Context, *, state: str | None, limit: int | None, as_json: bool) -> None:
    """List what was told to whom, the newest first.

    Examples:
      vigocli notify list
      vigocli notify list --state dead

    Exit statuses:
      0  listed, also when there are none
      1  the server could not be asked
      2  the command line is wrong
    """
    items = fetched(
        ctx, "notifications", {"state": state}, limit=limit or _LATEST, as_json=as_json, none="nobody was told anything"
    )
    if not items:
        return
    from datetime import datetime  # noqa: PLC0415 - so that `--help` starts at once

    from vigo.cli.terminal.moments import relative  # noqa: PLC0415 - the same
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    now = SystemClock().now()
    colours = {"sent": "green", "waiting": "yellow", "dead": "red"}
    rows = [
        (
            Cell(one["id"], whole=True),
            relative(datetime.fromisoformat(one["happening"]["at"]), now),
            one["channel"],
            one["happening"]["event"],
            one["happening"]["hostname"],
            Cell(one["state"], colours[one["state"]]),
            one["problem"],
        )
        for one in items
    ]
    print_table(("ID", "WHEN", "CHANNEL", "EVENT", "ENVOY", "STATE", "PROBLEM"), rows)


@command.command("test")
@click.argument("channel", metavar="CHANNEL")
@json_option
@click.pass_context
def test_channel(ctx: click.Context, *, channel: str, as_json: bool) -> None:
    """Send a test to a channel, and say whether it was taken.

    Example:
      vigocli notify test oncall

    Exit statuses:
      0  it was taken
      1  it was not, or there is no such channel, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        name = in_path(channel, "the name of a channel; `vigocli notify channels` shows them")
        answer = api.post(f"notification-channels/{name}/test")
    if as_json:
        print_json(answer)
    elif answer["taken"]:
        print_line(f"{channel} took it", colour="green")
    else:
        print_line(f"vigocli: {channel} did not take it: {answer['problem']}", colour="red", error=True)
    ctx.exit(0 if answer["taken"] else 1)


@command.command("retry")
@click.argument("delivery", metavar="ID")
@json_option
@click.pass_context
def retry_notification(ctx: click.Context, *, delivery: str, as_json: bool) -> None:
    """Send something once more that waits or was given up.

    Example:
      vigocli notify retry 6f1c0e9a-3b59-4d0a-9c1e-2f8a51c0de11

    Exit statuses:
      0  it was taken
      1  it was not, or there is no such id, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        path = in_path(delivery, "the id of a notification; `vigocli notify list` shows them")
        answer = api.post(f"notifications/{path}/retry")
    is_sent = answer["state"] == "sent"
    if as_json:
        print_json(answer)
    elif is_sent:
        print_line(f"{answer['channel']} took it", colour="green")
    else:
        print_line(f"vigocli: {answer['channel']} did not take it: {answer['problem']}", colour="red", error=True)
    ctx.exit(0 if is_sent else 1)

"""`vigocli enrol`: machines that ask to be let in without a token."""

from typing import Any

import click

from vigo.cli.client.connecting import connect, fetched, in_path
from vigo.cli.terminal.grammar import Noun
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option, label_option, limit_option
from vigo.core.terminal import print_line

_NAME = "the hostname or the fingerprint of a machine that waits; `vigocli enrol pending` shows them"
_COLOURS = {"waiting": "yellow", "approved": "green", "denied": "red"}


@click.group("enrol", cls=Noun)
def command() -> None:
    """Let machines in that ask for it without a token, or deny it.

    Compare the fingerprint with the one that `vigo enroll` prints on the machine: by it the two keys are told apart
    when somebody else asks by the same name.

    Examples:
      vigocli enrol pending
      vigocli enrol approve web-1.example.com

    Exit statuses:
      0  done
      1  failed, or refused; the reason is on standard error
      2  the command line is wrong
    """


@command.command("pending")
@limit_option("At most so many; all where left out.")
@json_option
@click.pass_context
def list_pending(ctx: click.Context, *, limit: int | None, as_json: bool) -> None:
    """List the machines that ask to be let in, and what was decided on lately; the oldest request first.

    Examples:
      vigocli enrol pending
      vigocli enrol pending --json | jq -r '.items[] | select(.state == "waiting").fingerprint'

    Exit statuses:
      0  listed, also when there are none
      1  the server could not be asked
      2  the command line is wrong
    """
    none = "no machine waits; `vigo enroll` without --token has one ask"
    items = fetched(ctx, "enrolments", limit=limit, as_json=as_json, none=none)
    if not items:
        return
    from vigo.cli.client.answers import WaitingMachine, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.moments import relative  # noqa: PLC0415 - the same
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    now = SystemClock().now()
    machines = [read(item, WaitingMachine) for item in items]
    rows = [
        (
            Cell(machine.hostname, whole=True),
            Cell(machine.fingerprint, whole=True),
            Cell(machine.state, _COLOURS.get(machine.state, "")),
            machine.source,
            relative(machine.asked_at, now),
            machine.decided_by or "-",
            "an envoy has this name" if machine.takes_place_of is not None else "-",
        )
        for machine in machines
    ]
    print_table(("HOSTNAME", "FINGERPRINT", "STATE", "FROM", "ASKED", "DECIDED BY", "NOTE"), rows)


@command.command("approve")
@click.argument("name", metavar="HOSTNAME|FINGERPRINT")
@label_option("Give the machine this label. Repeat it for several.")
@json_option
@click.pass_context
def approve(ctx: click.Context, *, name: str, labels: dict[str, str], as_json: bool) -> None:
    """Let a machine in. It comes in by itself within seconds where `vigo enroll` still waits.

    Examples:
      vigocli enrol approve web-1.example.com
      vigocli enrol approve 3f2a-90bc-11de-7a65-0c4e-88f1-b2d3-6a07 --label site=berlin

    Exit statuses:
      0  approved
      1  none such waits, several have the name, or the server could not be asked
      2  the command line is wrong
    """
    _decide(ctx, name, "approve", {"labels": labels}, as_json=as_json)


@command.command("deny")
@click.argument("name", metavar="HOSTNAME|FINGERPRINT")
@json_option
@click.pass_context
def deny(ctx: click.Context, *, name: str, as_json: bool) -> None:
    """Deny a machine to come in. It may ask again after a day.

    Example:
      vigocli enrol deny 3f2a-90bc-11de-7a65-0c4e-88f1-b2d3-6a07

    Exit statuses:
      0  denied
      1  none such waits, several have the name, or the server could not be asked
      2  the command line is wrong
    """
    _decide(ctx, name, "deny", None, as_json=as_json)


def _decide(ctx: click.Context, name: str, verb: str, body: Any, *, as_json: bool) -> None:
    with connect(ctx) as api:
        answer = api.post(f"enrolments/{in_path(name, _NAME)}/{verb}", body)
    if as_json:
        print_json(answer)
        return
    done = "may come in" if verb == "approve" else "was denied"
    print_line(f"{answer['hostname']} {done} ({answer['fingerprint']}, from {answer['source']})")

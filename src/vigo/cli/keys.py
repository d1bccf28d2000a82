"""`vigocli keys`: the CA and the policy key, and how each is replaced."""

from typing import TYPE_CHECKING, Any

import click

from vigo.cli.client.connecting import connect, fetched
from vigo.cli.terminal.grammar import Noun
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from datetime import datetime

    from vigo.cli.client.answers import Key

_NAMES = {"ca": "CA", "policy": "policy key"}

_subject = click.argument("subject", metavar="ca|policy", type=click.Choice(list(_NAMES)))
_force = click.option("--force", is_flag=True, help="Do not wait for envoys that are behind.")


@click.group("keys", cls=Noun)
def command() -> None:
    """Show the CA and the policy key of the server, and replace them without enrolling machines anew.

    It takes three steps. `rotate` makes the next one, and machines trust both from their next check-in on. `switch`
    has the next one sign. `retire` has machines trust the next one alone. Machines that are off meanwhile follow when
    they come back: each step is signed with a key that they trust.

    Examples:
      vigocli keys list
      vigocli keys rotate ca

    Exit statuses:
      0  done
      1  failed, or refused; the reason is on standard error
      2  the command line is wrong
    """


@command.command("list")
@json_option
@click.pass_context
def list_keys(ctx: click.Context, *, as_json: bool) -> None:
    """Show both: when the CA ends, what takes its place, which machines are behind, and the next step.

    Examples:
      vigocli keys list
      vigocli keys list --json | jq '.items[] | select(.phase)'

    Exit statuses:
      0  shown
      1  the server could not be asked
      2  the command line is wrong
    """
    items = fetched(ctx, "keys", limit=None, as_json=as_json, none="no keys")
    if not items:
        return
    from vigo.cli.client.answers import Key, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    now = SystemClock().now()
    for item in items:
        _print_key(read(item, Key), now)


@command.command("rotate")
@_subject
@json_option
@click.pass_context
def rotate(ctx: click.Context, *, subject: str, as_json: bool) -> None:
    """Make the next CA or policy key, and have machines trust both. Nothing is signed with it yet.

    Examples:
      vigocli keys rotate ca
      vigocli keys rotate policy

    Exit statuses:
      0  made
      1  it is being replaced already, or the server could not be asked
      2  the command line is wrong
    """
    _step(ctx, subject, "rotate", None, as_json=as_json)


@command.command("switch")
@_subject
@_force
@json_option
@click.pass_context
def switch(ctx: click.Context, *, subject: str, force: bool, as_json: bool) -> None:
    """Have the next one sign from now on; machines get certificates of the next CA at their next check-in.

    It is refused while active envoys have not heard of the next one.

    Examples:
      vigocli keys switch ca
      vigocli keys switch policy --force

    Exit statuses:
      0  switched
      1  envoys are behind, or it is not the turn of this, or the server could not be asked
      2  the command line is wrong
    """
    _step(ctx, subject, "switch", {"force": force}, as_json=as_json)


@command.command("retire")
@_subject
@_force
@json_option
@click.pass_context
def retire(ctx: click.Context, *, subject: str, force: bool, as_json: bool) -> None:
    """Have machines trust the next one alone. After that of the CA, log in anew elsewhere, and make new tokens.

    It is refused while active envoys have certificates of the former CA.

    Examples:
      vigocli keys retire ca
      vigocli keys retire policy --force

    Exit statuses:
      0  retired
      1  envoys are behind, or it is not the turn of this, or the server could not be asked
      2  the command line is wrong
    """
    _step(ctx, subject, "retire", {"force": force}, as_json=as_json)


@command.command("cancel")
@_subject
@json_option
@click.pass_context
def cancel(ctx: click.Context, *, subject: str, as_json: bool) -> None:
    """Forget the next one, as long as it was not switched to.

    Example:
      vigocli keys cancel ca

    Exit statuses:
      0  forgotten
      1  there is none, or it signs already, or the server could not be asked
      2  the command line is wrong
    """
    _step(ctx, subject, "cancel", None, as_json=as_json)


def _step(ctx: click.Context, subject: str, verb: str, body: Any, *, as_json: bool) -> None:
    with connect(ctx) as api:
        answer = api.post(f"keys/{subject}/{verb}", body)
    if as_json:
        print_json(answer)
        return
    from vigo.cli.client.answers import Key, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    _print_key(read(answer, Key), SystemClock().now())


def _print_key(key: "Key", now: "datetime") -> None:
    from vigo.cli.terminal.moments import told  # noqa: PLC0415 - for people alone

    print_line(_NAMES.get(key.subject, key.subject), bold=True)
    print_line(f"  present  {key.fingerprint}")
    if key.ends_at is not None:
        print_line(f"           ends {told(key.ends_at, now)}")
    if key.next_fingerprint is None or key.begun_at is None:
        return
    print_line(f"  next     {key.next_fingerprint}")
    print_line(f"           {key.phase} {told(key.begun_at, now)}")
    if key.behind:
        more = " and others" if key.behind > len(key.behind_hostnames) else ""
        names = f"{', '.join(key.behind_hostnames)}{more}"
        print_line(f"  behind   {key.behind} of {key.envoys} envoys: {names}", colour="yellow")
    else:
        print_line(f"  behind   none of {key.envoys} envoys", colour="green")
    print_line(f"  step     {key.advice}")

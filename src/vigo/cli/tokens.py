"""`vigocli tokens`: leave for machines of certain names to join."""

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from vigo.cli.client.connecting import connect, fetched, in_path
from vigo.cli.terminal.grammar import Noun
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import DurationType, json_option, label_option, limit_option
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from vigo.cli.client.answers import MintedToken

_ID = "the id of a token; `vigocli tokens list` shows them"
_LIFE = DurationType(shortest=timedelta(seconds=1), longest=timedelta(days=365))


@click.group("tokens", cls=Noun)
def command() -> None:
    """Make, list and withdraw the tokens that machines enrol with.

    Examples:
      vigocli tokens create --hostname 'web-*' --ttl 1h --uses 5
      vigocli tokens list

    Exit statuses:
      0  done
      1  failed, or refused; the reason is on standard error
      2  the command line is wrong
    """


@command.command("create")
@click.option("--hostname", required=True, metavar="GLOB", help="Names that may enrol: exact, a glob, or ~regex.")
@click.option("--ttl", type=_LIFE, default="1h", show_default=True, help="How long it is in force.")
@click.option("--uses", type=click.IntRange(min=1), default=1, show_default=True, help="How many machines may use it.")
@label_option("Machines that enrol with it get this label. Repeat it for several.")
@json_option
@click.pass_context
def create_token(
    ctx: click.Context, *, hostname: str, ttl: timedelta, uses: int, labels: dict[str, str], as_json: bool
) -> None:
    """Make a token, and print the command that enrols a machine with it. Its text is shown this once.

    Examples:
      vigocli tokens create --hostname web-1.example.com
      vigocli tokens create --hostname 'web-*' --ttl 8h --uses 20 --json
      vigocli tokens create --hostname 'db-*' --label site=berlin --label rack=7

    Exit statuses:
      0  made
      1  refused, or the server could not be asked
      2  the command line is wrong
    """
    body = {"hostname": hostname, "ttl_seconds": int(ttl.total_seconds()), "uses": uses, "labels": labels}
    with connect(ctx) as api:
        answer = api.post("tokens", body)
    if as_json:
        print_json(answer)
        return
    from vigo.cli.client.answers import MintedToken, read  # noqa: PLC0415 - so that `--help` starts at once

    _print_token(read(answer, MintedToken))


@command.command("list")
@limit_option("At most so many; all where left out.")
@json_option
@click.pass_context
def list_tokens(ctx: click.Context, *, limit: int | None, as_json: bool) -> None:
    """List the tokens that were not withdrawn, the newest first. Their texts are stored nowhere.

    Examples:
      vigocli tokens list
      vigocli tokens list --json

    Exit statuses:
      0  listed, also when there are none
      1  the server could not be asked
      2  the command line is wrong
    """
    items = fetched(ctx, "tokens", limit=limit, as_json=as_json, none="no tokens; `vigocli tokens create` makes one")
    if not items:
        return
    from vigo.cli.client.answers import Token, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.moments import relative  # noqa: PLC0415 - the same
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same
    from vigo.core.labels import told_labels  # noqa: PLC0415 - the same

    now = SystemClock().now()
    tokens = [read(item, Token) for item in items]
    rows = [
        (
            Cell(token.id, whole=True),
            Cell(token.hostname, whole=True),
            f"{token.uses_left} of {token.uses}",
            f"{'expired ' if token.expires_at <= now else ''}{relative(token.expires_at, now)}",
            token.created_by,
            told_labels(token.labels) or "-",
            ", ".join(token.used_by) or "-",
        )
        for token in tokens
    ]
    print_table(("ID", "HOSTNAME", "USES LEFT", "EXPIRES", "MADE BY", "LABELS", "USED BY"), rows)


@command.command("revoke")
@click.argument("token_id", metavar="ID")
@click.pass_context
def revoke_token(ctx: click.Context, *, token_id: str) -> None:
    """Withdraw a token. Machines that enrolled with it stay enrolled; `vigocli envoys revoke` refuses them.

    Example:
      vigocli tokens revoke 6f1c0e9a-3b59-4d0a-9c1e-2f8a51c0de11

    Exit statuses:
      0  withdrawn
      1  there is none, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        api.delete(f"tokens/{in_path(token_id, _ID)}")
    print_line(f"withdrew {token_id}")


def _print_token(token: "MintedToken") -> None:
    import shlex  # noqa: PLC0415 - so that `--help` starts at once

    from vigo.cli.terminal.moments import told  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    until = told(token.expires_at, SystemClock().now())
    uses = "one machine" if token.uses == 1 else f"{token.uses} machines"
    print_line(f"a token for {uses} named {token.hostname}, in force until {until}", error=True)
    print_line("it is shown this once; run this as root on the machine:", colour="yellow", error=True)
    argv = ["vigo", "enroll", "--server", token.server, "--token", token.token, "--ca-sha256", token.ca_sha256]
    print_line(shlex.join(argv))
    script = "vigo-bootstrap.sh"
    fetch = f"curl -fsSk {shlex.quote(token.server)}/bootstrap -o {script}"
    check = f"echo '{token.bootstrap_sha256}  {script}' | sha256sum -c"
    print_line("or, where there is no vigo yet, this, which installs it from the server:", colour="yellow", error=True)
    print_line(f"{fetch} && {check} && sh {script} {token.token}", error=True)

"""`vigocli access`: who may use this command line from elsewhere."""

from datetime import timedelta

import click

from vigo.cli.client.connecting import connect, fetched, in_path
from vigo.cli.terminal.grammar import Noun
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import DurationType, json_option, limit_option
from vigo.core.terminal import print_line

_ID = "the id of a token; `vigocli access list` shows them"
_LIFE = DurationType(shortest=timedelta(seconds=1), longest=timedelta(days=3650))


@click.group("access", cls=Noun)
def command() -> None:
    """Make, list and withdraw the access tokens of operators and programs.

    A token may do everything on every machine, unless --may and --on say less when it is made.

    Examples:
      vigocli access create --name ada --ttl 90d
      vigocli access list

    Exit statuses:
      0  done
      1  failed, or refused; the reason is on standard error
      2  the command line is wrong
    """


@command.command("create")
@click.option("--name", required=True, help="Whose it is; it stands in the audit trail beside all that they do.")
@click.option("--ttl", type=_LIFE, default="90d", show_default=True, help="How long it is in force.")
@click.option("--may", metavar="RIGHT", multiple=True, help="What it may do; may come repeatedly. All where left out.")
@click.option(
    "--on",
    metavar="HOST",
    multiple=True,
    help="The machines that it may act on: hostnames, globs, `~regex`; may come repeatedly. All where left out.",
)
@json_option
@click.pass_context
def create_access(
    ctx: click.Context, *, name: str, ttl: timedelta, may: tuple[str, ...], on: tuple[str, ...], as_json: bool
) -> None:
    """Make an access token, and print how to log in with it. Its text is shown this once.

    Nobody gives a right that they do not have. A right that is none is answered with those that there are.

    Examples:
      vigocli access create --name ada
      vigocli access create --name ci --ttl 7d --json
      vigocli access create --name oncall --may envoys:read --may tasks:read --may tasks:run-named --on 'web-*'

    Exit statuses:
      0  made
      1  refused, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        limits = {"permissions": may or None, "match": on or None}
        answer = api.post("access-tokens", {"name": name, "ttl_seconds": int(ttl.total_seconds()), **limits})
    if as_json:
        print_json(answer)
        return
    from vigo.cli.client.answers import MintedAccessToken, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.moments import told  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    token = read(answer, MintedAccessToken)
    until = told(token.expires_at, SystemClock().now())
    print_line(f"an access token for {token.name}, in force until {until}", error=True)
    print_line(f"log in with it: vigocli login --server {token.server} --ca-sha256 {token.ca_sha256}", error=True)
    print_line("it is shown this once:", colour="yellow", error=True)
    print_line(token.token)


@command.command("list")
@limit_option("At most so many; all where left out.")
@json_option
@click.pass_context
def list_access(ctx: click.Context, *, limit: int | None, as_json: bool) -> None:
    """List the access tokens that were not withdrawn. Their texts are stored nowhere.

    Examples:
      vigocli access list
      vigocli access list --json

    Exit statuses:
      0  listed, also when there are none
      1  the server could not be asked
      2  the command line is wrong
    """
    items = fetched(
        ctx, "access-tokens", limit=limit, as_json=as_json, none="no access tokens; `vigocli access create` makes one"
    )
    if not items:
        return
    from vigo.cli.client.answers import AccessToken, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.moments import relative  # noqa: PLC0415 - the same
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    now = SystemClock().now()
    tokens = [read(item, AccessToken) for item in items]
    rows = [
        (
            Cell(token.id, whole=True),
            Cell(token.name, whole=True),
            relative(token.created_at, now),
            token.created_by,
            f"{'expired ' if token.expires_at <= now else ''}{relative(token.expires_at, now)}",
            "never" if token.last_used_at is None else relative(token.last_used_at, now),
            "everything" if token.permissions is None else ", ".join(token.permissions),
            "all" if token.match is None else ", ".join(token.match),
        )
        for token in tokens
    ]
    print_table(("ID", "NAME", "MADE", "MADE BY", "EXPIRES", "USED", "MAY", "ON"), rows)


@command.command("revoke")
@click.argument("token_id", metavar="ID")
@click.pass_context
def revoke_access(ctx: click.Context, *, token_id: str) -> None:
    """Withdraw an access token; it is void at once.

    Example:
      vigocli access revoke 6f1c0e9a-3b59-4d0a-9c1e-2f8a51c0de11

    Exit statuses:
      0  withdrawn
      1  there is none, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        api.delete(f"access-tokens/{in_path(token_id, _ID)}")
    print_line(f"withdrew {token_id}")

"""`vigocli users`: who may sign in to the pages, and what they may do."""

from typing import TYPE_CHECKING

import click

from vigo.cli.client.connecting import connect, fetched, in_path
from vigo.cli.terminal.grammar import Noun
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from vigo.cli.client.answers import User

_ROLES = ("viewer", "operator", "publisher", "auditor", "admin")
_NAME = "the name of somebody; `vigocli users list` shows them"

_name = click.argument("name", metavar="NAME")
_on = click.option(
    "--on",
    metavar="HOST",
    multiple=True,
    help="The machines that they may act on: hostnames, globs, `~regex`; may come repeatedly. All where left out.",
)


@click.group("users", cls=Noun)
def command() -> None:
    """Say who may sign in to the server's pages, as what, and on which machines.

    The roles: viewer looks; operator acts on machines; publisher publishes and rolls back; auditor sees who did what;
    admin may everything. Programs and this command line use access tokens: `vigocli access`.

    Examples:
      vigocli users add ada --role admin
      vigocli users add ben --role operator --on 'web-*'
      vigocli users list

    Exit statuses:
      0  done
      1  failed, or refused; the reason is on standard error
      2  the command line is wrong
    """


@command.command("add")
@_name
@click.option("--role", "roles", type=click.Choice(_ROLES), multiple=True, required=True, help="What they may do.")
@_on
@json_option
@click.pass_context
def add_user(ctx: click.Context, *, name: str, roles: tuple[str, ...], on: tuple[str, ...], as_json: bool) -> None:
    """Let somebody in. The first password is asked for, or read from standard input where that is no terminal.

    Examples:
      vigocli users add ada --role admin
      vigocli users add ben --role operator --on 'web-*' < password.txt

    Exit statuses:
      0  they can sign in
      1  refused, or the server could not be asked
      2  the command line is wrong
    """
    password = _password(name)
    with connect(ctx) as api:
        answer = api.post("users", {"name": name, "roles": roles, "password": password, "match": on or None})
        where = api.target.url
    if as_json:
        print_json(answer)
        return
    print_line(f"{name} can sign in at {where}", colour="green")


@command.command("list")
@json_option
@click.pass_context
def list_users(ctx: click.Context, *, as_json: bool) -> None:
    """List who may sign in.

    Examples:
      vigocli users list
      vigocli users list --json | jq -r '.items[] | select(.has_one_time_codes | not) | .name'

    Exit statuses:
      0  listed, also when there is nobody
      1  the server could not be asked
      2  the command line is wrong
    """
    items = fetched(
        ctx, "users", limit=None, as_json=as_json, none="nobody can sign in; `vigocli users add` lets somebody in"
    )
    if not items:
        return
    from vigo.cli.client.answers import User, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.moments import relative  # noqa: PLC0415 - the same
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    now = SystemClock().now()
    rows = [
        (
            Cell(one.name, whole=True),
            ", ".join(one.roles),
            "all" if one.match is None else ", ".join(one.match),
            "never" if one.last_signed_in_at is None else relative(one.last_signed_in_at, now),
            str(one.sessions),
            "codes" if one.has_one_time_codes else "none",
            _state(one),
        )
        for one in (read(item, User) for item in items)
    ]
    print_table(("NAME", "ROLES", "ON", "SIGNED IN", "SESSIONS", "SECOND FACTOR", "STATE"), rows)


@command.command("change")
@_name
@click.option("--role", "roles", type=click.Choice(_ROLES), multiple=True, help="What they may do from now on.")
@_on
@click.option("--on-all", is_flag=True, help="They may act on all machines.")
@click.option("--password", is_flag=True, help="Ask for another password; their sessions end.")
@click.option("--disable/--enable", "disabled", default=None, help="Keep them out at once, or let them in again.")
@click.option("--unlock", is_flag=True, help="Let them try again at once after too many wrong passwords.")
@click.option("--without-one-time-codes", is_flag=True, help="Forget their second factor: they have lost it.")
@json_option
@click.pass_context
def change_user(
    ctx: click.Context,
    *,
    name: str,
    roles: tuple[str, ...],
    on: tuple[str, ...],
    on_all: bool,
    password: bool,
    disabled: bool | None,
    unlock: bool,
    without_one_time_codes: bool,
    as_json: bool,
) -> None:
    """Change what somebody may do; it counts at once, in sessions that they have open too.

    Examples:
      vigocli users change ben --role viewer
      vigocli users change ben --disable
      vigocli users change ada --unlock --password

    Exit statuses:
      0  changed
      1  refused, there is nobody of that name, or the server could not be asked
      2  the command line is wrong
    """
    if on and on_all:
        raise click.UsageError("expected --on or --on-all, found both")
    wanted: dict[str, object] = {"unlocked": unlock, "without_one_time_codes": without_one_time_codes}
    if roles:
        wanted["roles"] = roles
    if on or on_all:
        wanted["match"] = on
    if disabled is not None:
        wanted["disabled"] = disabled
    if password:
        wanted["password"] = _password(name)
    with connect(ctx) as api:
        answer = api.patch(f"users/{in_path(name, _NAME)}", wanted)
    if as_json:
        print_json(answer)
        return
    print_line(f"changed {name}")


@command.command("remove")
@_name
@click.pass_context
def remove_user(ctx: click.Context, *, name: str) -> None:
    """Remove somebody; their sessions end at once. What they did stays in the audit trail.

    Example:
      vigocli users remove ben

    Exit statuses:
      0  removed
      1  refused, there is nobody of that name, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        api.delete(f"users/{in_path(name, _NAME)}")
    print_line(f"removed {name}")


def _state(user: "User") -> str:
    if user.disabled:
        return "disabled"
    return "active" if user.locked_until is None else "locked"


def _password(name: str) -> str:
    """Return a password, never out of the command line, which others on the host can read."""
    import sys  # noqa: PLC0415 - to see whether someone can be asked

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    told: str = click.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True, err=True)
    return told

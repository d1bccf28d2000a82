"""`vigocli scrier`: sessions on machines, over the connections that their agents hold."""

import re
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from vigo.cli.client.connecting import connect, envoy_argument, in_path
from vigo.cli.terminal.grammar import Noun
from vigo.cli.terminal.json_text import print_json
from vigo.cli.terminal.options import json_option, limit_option
from vigo.core.terminal import print_line

if TYPE_CHECKING:
    from vigo.cli.client.answers import ScrierItem
    from vigo.cli.client.api import Api
    from vigo.core.wire.attach_messages import Over

_ID: Final = "the id of a session; `vigocli scrier sessions` shows them"
_FEW: Final = 20
_SSH: Final = 22
_MOST_PORT: Final = 65_535
_PORT: Final = re.compile(r"0|[1-9][0-9]{0,4}")


@click.group("scrier", cls=Noun)
def command() -> None:
    """Open sessions on machines: a shell, a port, or the way for ssh. See who has some, and what they show.

    Nothing dials the machine; the agent's own connection is used. Who may, as whom and to which ports, stands in
    scrier.vgo. What a shell shows is recorded.

    Examples:
      vigocli scrier shell web-1.example.com
      vigocli scrier forward db-1 5432
      vigocli scrier sessions

    Exit statuses:
      0  done; `shell` ends as the shell there does
      1  failed, or refused
      2  the command line is wrong
    """


@command.command("shell")
@envoy_argument
@click.pass_context
def open_shell(ctx: click.Context, *, name: str) -> None:
    """Open a shell on a machine, in this terminal. `~.` at the begin of a line leaves it.

    It survives that the network is gone for a minute. Without a terminal, standard input is typed, and its end too.

    Examples:
      vigocli scrier shell web-1.example.com
      echo 'uptime; exit' | vigocli scrier shell web-1.example.com

    Exit statuses:
      0  the shell ended well, or was left by `~.`; else it is that of the shell
      1  it could not be opened, or was ended
      2  the command line is wrong
    """
    ctx.exit(_in_terminal(ctx, name))


@command.command("forward")
@envoy_argument
@click.argument("ports", metavar="[LOCAL:]PORT")
@click.pass_context
def forward_port(ctx: click.Context, *, name: str, ports: str) -> None:
    """Lead a local port to a port of a machine's loopback address, until Ctrl-C.

    The local port is the same where it is left out, and any free one where it is 0.

    Examples:
      vigocli scrier forward db-1 5432
      vigocli scrier forward db-1 15432:5432

    Exit statuses:
      0  ended by Ctrl-C
      1  refused, or the local port cannot be had
      2  the command line is wrong
    """
    local, port = _ports(ports)
    _forward(ctx, name, local, port)


@command.command("ssh")
@envoy_argument
@click.option("--port", type=click.IntRange(1, _MOST_PORT), default=_SSH, show_default=True, help="sshd's port there.")
@click.pass_context
def connect_ssh(ctx: click.Context, *, name: str, port: int) -> None:
    """Be the way of a real ssh, scp or rsync to a machine: what comes on standard input goes to its sshd.

    Examples:
      vigocli scrier ssh web-1 --port 2222
      ssh -o ProxyCommand='vigocli scrier ssh %h' ada@web-1
      scp -o ProxyCommand='vigocli scrier ssh %h' backup.tar ada@web-1:

    Exit statuses:
      0  the connection ended
      1  refused, or the machine is not connected
      2  the command line is wrong
    """
    with connect(ctx) as api:
        created = api.post("scriers", {"envoy": name, "kind": "forward", "port": port})
        ctx.exit(_status_of(_linked(api, created["id"])))


@command.command("sessions")
@click.option("--active", is_flag=True, help="Only those that go on.")
@limit_option(f"At most so many; where left out {_FEW}, and all with --json.")
@json_option
@click.pass_context
def list_sessions(ctx: click.Context, *, active: bool, limit: int | None, as_json: bool) -> None:
    """List sessions, the newest first: who, where, as whom, when, and how they ended.

    Examples:
      vigocli scrier sessions
      vigocli scrier sessions --active --json | jq -r '.items[].id'

    Exit statuses:
      0  listed, also when there are none
      1  the server could not be asked
      2  the command line is wrong
    """
    most = limit if limit is not None or as_json or active else _FEW + 1
    with connect(ctx) as api:
        items = api.items("scriers", {"active": "true"} if active else None, most)
    if as_json:
        print_json({"items": items})
        return
    if not items:
        print_line("no sessions; `vigocli scrier shell` opens one", error=True)
        return
    from vigo.cli.client.answers import ScrierItem, read  # noqa: PLC0415 - so that `--help` starts at once
    from vigo.cli.terminal.moments import relative  # noqa: PLC0415 - the same
    from vigo.cli.terminal.table import Cell, print_table  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same

    now = SystemClock().now()
    shown = [read(item, ScrierItem) for item in (items if limit is not None or active else items[:_FEW])]
    rows: list[list[Cell | str]] = [
        [
            Cell(one.id, whole=True),
            relative(one.opened_at, now),
            one.operator,
            one.hostname,
            _what(one),
            _status(one),
        ]
        for one in shown
    ]
    print_table(("SESSION", "OPENED", "BY", "MACHINE", "WHAT", "STATUS"), rows)
    if len(shown) < len(items):
        print_line(f"these are the latest {_FEW}; `--limit N` shows more", error=True)


@command.command("watch")
@click.argument("session")
@click.pass_context
def watch_session(ctx: click.Context, *, session: str) -> None:
    """Show what a session shows, from its begin until it ends, without joining it. SESSION is an id from `sessions`.

    Examples:
      vigocli scrier watch 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70

    Exit statuses:
      0  it ended, or Ctrl-C
      1  there is none, it is not recorded, or the server could not be asked
      2  the command line is wrong
    """
    from vigo.cli.terminal.cast_player import play  # noqa: PLC0415 - so that `--help` starts at once

    with connect(ctx) as api:
        try:
            lines = api.lines(f"scriers/{in_path(session, _ID)}/recording?follow=true")
            play(lines, speed=None, longest_pause_seconds=0)
        except KeyboardInterrupt:
            print_line()


@command.command("play")
@click.argument("session")
@click.option(
    "--speed", type=click.FloatRange(0.1, 1000), default=1.0, show_default=True, help="So many times as fast."
)
@click.option(
    "--longest-pause",
    type=click.FloatRange(0, 3600),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="Wait for no longer, however long nothing was shown.",
)
@click.option("--cast", is_flag=True, help="Print the recording itself, as asciicast v2, for asciinema and others.")
@click.pass_context
def play_session(ctx: click.Context, *, session: str, speed: float, longest_pause: float, cast: bool) -> None:
    """Show what a session showed, at the pace of then. SESSION is an id from `sessions`.

    Examples:
      vigocli scrier play 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70 --speed 4
      vigocli scrier play 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70 --cast >session.cast

    Exit statuses:
      0  shown, or Ctrl-C
      1  there is none, it is not recorded, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        lines = api.lines(f"scriers/{in_path(session, _ID)}/recording")
        if cast:
            import msgspec  # noqa: PLC0415 - so that `--help` starts at once

            for line in lines:
                print_line(msgspec.json.encode(line).decode())
            return
        from vigo.cli.terminal.cast_player import play  # noqa: PLC0415 - so that `--help` starts at once

        try:
            play(lines, speed=speed, longest_pause_seconds=longest_pause)
        except KeyboardInterrupt:
            print_line()


@command.command("kill")
@click.argument("session")
@json_option
@click.pass_context
def kill_session(ctx: click.Context, *, session: str, as_json: bool) -> None:
    """End a session with all that was started in it. One that has ended stays as it is.

    Examples:
      vigocli scrier kill 0199f3a2-7c11-7b8e-9d3a-2f5a6c1e4b70

    Exit statuses:
      0  it is ended, or had ended before
      1  there is none, or the server could not be asked
      2  the command line is wrong
    """
    with connect(ctx) as api:
        answer = api.post(f"scriers/{in_path(session, _ID)}/end")
    if as_json:
        print_json(answer)
        return
    print_line(f"{answer['hostname']}: {answer['reason'] or 'it had ended before'}")


def _what(item: "ScrierItem") -> str:
    return f"shell of {item.user}" if item.kind == "shell" else f"port {item.port}"


def _status(item: "ScrierItem") -> str:
    if item.state != "ended":
        return item.state
    return item.reason or ("ended" if item.exit_code is None else f"exit status {item.exit_code}")


def _in_terminal(ctx: click.Context, name: str) -> int:
    """Show a shell here until it ends; return the exit status."""
    import os  # noqa: PLC0415 - so that `--help` starts at once

    from vigo.cli.terminal.raw_terminal import size  # noqa: PLC0415 - the same

    columns, rows = size()
    wanted = {
        "envoy": name,
        "terminal": os.environ.get("TERM") or "dumb",
        "columns": columns,
        "rows": rows,
    }
    with connect(ctx) as api:
        created = api.post("scriers", wanted)
        is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
        leave = " `~.` leaves it." if is_terminal else ""
        print_line(f"{created['user']} on {created['hostname']}. {created['notice']}{leave}", error=True)
        over = _linked(api, created["id"], is_terminal=is_terminal)
    return _status_of(over)


def _status_of(over: "Over") -> int:
    """Return the exit status of how a session ended; where it did not do so by itself, say why."""
    from vigo.core.scrier import LEFT  # noqa: PLC0415 - so that `--help` starts at once

    if over.exit_code is not None:
        return over.exit_code
    if not over.reason or over.reason == LEFT:
        return 0
    print_line(f"vigocli: {over.reason}", colour="red", error=True)
    return 1


def _linked(api: "Api", scrier: str, *, is_terminal: bool = False) -> "Over":
    """Join a session with this terminal, or with standard input and output."""
    import asyncio  # noqa: PLC0415 - so that `--help` starts at once
    import signal  # noqa: PLC0415 - the same

    from vigo.cli.client.api import pinned_context  # noqa: PLC0415 - the same
    from vigo.cli.client.scrier_link import ScrierLink  # noqa: PLC0415 - the same
    from vigo.cli.terminal.raw_terminal import Pipes, RawTerminal  # noqa: PLC0415 - the same

    context = pinned_context(api.target.ca_pem)

    async def whole() -> "Over":
        if not is_terminal:
            return await joined(Pipes())
        with RawTerminal() as near:
            return await joined(near)

    async def joined(near: Pipes) -> "Over":
        link = ScrierLink(api.target, context, scrier, near)
        near.when_left(link.leave)
        for number in (signal.SIGHUP, signal.SIGTERM):  # so an ssh ends us that has ended
            asyncio.get_running_loop().add_signal_handler(number, link.leave)
        return await link.run()

    return asyncio.run(whole())


def _forward(ctx: click.Context, name: str, local: int, port: int) -> None:
    import asyncio  # noqa: PLC0415 - so that `--help` starts at once

    from vigo.cli.client.api import pinned_context  # noqa: PLC0415 - the same
    from vigo.cli.client.local_port import listen  # noqa: PLC0415 - the same

    wanted: dict[str, Any] = {"envoy": name, "kind": "forward", "port": port}
    with connect(ctx) as api:
        created = api.post("scriers", {**wanted, "dry_run": True})

        def ready(found: int) -> None:
            print_line(f"127.0.0.1:{found} leads to port {port} of {created['hostname']}; Ctrl-C ends it", error=True)

        context = pinned_context(api.target.ca_pem)
        try:
            asyncio.run(listen(local, api.target, context, lambda: api.post("scriers", wanted), ready))
        except KeyboardInterrupt:
            print_line(error=True)


def _ports(text: str) -> tuple[int, int]:
    local, colon, port = text.rpartition(":")
    if not colon:
        local = port
    if (
        not _PORT.fullmatch(local)
        or not _PORT.fullmatch(port)
        or max(int(local), int(port)) > _MOST_PORT
        or port == "0"
    ):
        raise click.UsageError(f"expected PORT or LOCAL:PORT, such as 5432 or 15432:5432, found {text[:40]!r}")
    return int(local), int(port)

"""`vigosrv`: the command line. It only wires."""

import asyncio
import contextlib
import errno
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from vigo import __version__
from vigo.core.clock import SystemClock
from vigo.core.command_line import Grammar, with_lists
from vigo.core.errors import ConflictError, ExitStatus, VigoError
from vigo.core.terminal import print_line
from vigo.server.platform.folder.initialise import (
    check_complete,
    check_usable,
    initialise,
    is_initialised,
    make_root,
)
from vigo.server.platform.folder.layout import DataFolder
from vigo.server.platform.folder.lock import only_process
from vigo.server.platform.pki.server_certificate import machine_names
from vigo.server.platform.settings.load import load_settings
from vigo.server.platform.settings.model import CurrentSettings, Settings
from vigo.server.platform.telemetry.logs import start_logging

if TYPE_CHECKING:
    from vigo.server.running import Running

_log = logging.getLogger(__name__)

_DATA_DIR = click.option(
    "--data-dir",
    required=True,
    type=click.Path(path_type=Path, file_okay=False, readable=False),
    help="The server's own folder: keys, settings, stacks, database.",
)


class Command(click.Command):
    """A command whose help shows its examples line by line."""

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.help = with_lists(self.help)


@click.group(cls=Grammar, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vigosrv")
def cli() -> None:
    """The Vigo server: holds the state that operators wrote down, and hands it to the machines of the fleet.

    Examples:
      vigosrv init --data-dir /var/lib/vigo --name vigo.example.com
      vigosrv run --data-dir /var/lib/vigo

    Exit statuses:
      0  done
      1  failed; the reason is on standard error
      2  the command line or a setting is wrong
    """
    # Nothing that a server writes is for others on its host, whatever the caller's own mask says.
    os.umask(0o077)


cli.help = with_lists(cli.help)


@cli.command("init", cls=Command)
@_DATA_DIR
@click.option(
    "--name", "names", multiple=True, metavar="NAME", help="A further name or address for the server's certificate."
)
def init_command(data_dir: Path, names: tuple[str, ...]) -> None:
    """Make a data folder: CA, keys, admin token, settings, example stacks. Nothing that is there is replaced.

    Examples:
      vigosrv init --data-dir ./data
      vigosrv init --data-dir /var/lib/vigo --name vigo.example.com --name 192.0.2.7

    Exit statuses:
      0  made
      1  it cannot be made, or is there already
      2  the command line is wrong
    """
    folder = DataFolder(data_dir.absolute())
    with _explained(folder):
        check_usable(folder)
        make_root(folder)
        with only_process(folder):
            if is_initialised(folder):
                raise ConflictError(
                    f"{folder.root}: initialised already, nothing was changed; start it with"
                    f" `vigosrv run --data-dir {data_dir}`, or give another --data-dir"
                )
            _initialise(folder, names)
    click.echo(f"initialised {folder.root}")
    click.echo(f"next: read {folder.settings}, then run `vigosrv run --data-dir {data_dir}`")


@cli.command("run", cls=Command)
@_DATA_DIR
@click.option("--grpc-listen", metavar="HOST:PORT", help="Where agents call; goes before grpc_listen in server.yaml.")
@click.option("--api-listen", metavar="HOST:PORT", help="Where people call; goes before api_listen in server.yaml.")
def run_command(data_dir: Path, grpc_listen: str | None, api_listen: str | None) -> None:
    """Serve. An empty data folder is initialised first.

    Prints one line that begins with 'ready' once it serves. SIGTERM finishes calls in flight and ends it; SIGHUP
    reads server.yaml, the admin token and the live generation anew.

    Examples:
      vigosrv run --data-dir /var/lib/vigo
      vigosrv run --data-dir ./data --grpc-listen 127.0.0.1:1530 --api-listen 127.0.0.1:8443

    Exit statuses:
      0  ended by a signal
      1  it cannot serve; the reason is on standard error
      2  the command line or a setting is wrong
    """
    folder = DataFolder(data_dir.absolute())
    overrides = {"grpc_listen": grpc_listen, "api_listen": api_listen}
    with _explained(folder):
        check_usable(folder)
        make_root(folder)
        with only_process(folder):
            if not is_initialised(folder):
                _initialise(folder, ())
            check_complete(folder)
            settings = _settings(folder, overrides)
            start_logging(settings)
            _take_all_descriptors()
            import uvloop  # noqa: PLC0415 - `init` and `--help` need no event loop

            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_serve(folder, settings, overrides))


def main() -> NoReturn:
    """Run the command line."""
    cli(prog_name="vigosrv")
    sys.exit(ExitStatus.OK)


def _initialise(folder: DataFolder, names: tuple[str, ...]) -> None:
    from vigo.server.app import make_server_certificate  # noqa: PLC0415 - `--help` needs no server

    initialise(folder, SystemClock(), names)
    make_server_certificate(folder, CurrentSettings(load_settings(folder.settings)), SystemClock(), machine_names())


def _take_all_descriptors() -> None:
    """Raise the limit of open files as far as this process may: each envoy that is connected takes one."""
    import resource  # noqa: PLC0415 - for this one step

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _serve(folder: DataFolder, settings: Settings, overrides: dict[str, str | None]) -> None:
    from vigo.server.app import build  # noqa: PLC0415 - `--help` needs no server
    from vigo.server.running import Running  # noqa: PLC0415 - the same

    app = build(folder, CurrentSettings(settings), SystemClock(), machine_names())
    running = Running(app)
    try:
        await running.start()
    except BaseException:
        app.database.close()
        raise
    stopped, reloads = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    loop.add_signal_handler(signal.SIGHUP, reloads.set)
    click.echo(running.ready_line())
    sys.stdout.flush()
    reloading = asyncio.create_task(_reload_when_asked(running, folder, overrides, reloads))
    stopping = asyncio.create_task(stopped.wait())
    ended = asyncio.create_task(running.ended())
    try:
        await asyncio.wait((stopping, ended), return_when=asyncio.FIRST_COMPLETED)
    finally:
        reloading.cancel()
        stopping.cancel()
        await running.stop()
    await ended


async def _reload_when_asked(
    running: "Running", folder: DataFolder, overrides: dict[str, str | None], reloads: asyncio.Event
) -> None:
    while True:
        await reloads.wait()
        reloads.clear()
        try:
            await running.reload(_settings(folder, overrides))
        except (VigoError, OSError) as error:
            _log.error("not reloaded, what was in force stays: %s", error)
        except Exception:  # noqa: BLE001 - the next signal must find someone who listens
            _log.exception("not reloaded, through a fault in Vigo")


def _settings(folder: DataFolder, overrides: dict[str, str | None]) -> Settings:
    import msgspec  # noqa: PLC0415 - for this one step

    given = {name: value for name, value in overrides.items() if value is not None}
    return msgspec.structs.replace(load_settings(folder.settings), **given)


@contextlib.contextmanager
def _explained(folder: DataFolder) -> Iterator[None]:
    """End with one line that says what is wrong and what to do."""
    try:
        yield
    except VigoError as error:
        print_line(f"vigosrv: {error}", colour="red", error=True)
        sys.exit(error.mapping.exit_status)
    except OSError as error:
        print_line(f"vigosrv: {_os_problem(folder, error)}", colour="red", error=True)
        sys.exit(ExitStatus.FAILED)


def _os_problem(folder: DataFolder, error: OSError) -> str:
    where = error.filename or folder.root
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{where}: no right to it as {_user()}; run vigosrv as the folder's owner, or `chown -R` the data folder"
    if error.errno == errno.ENOSPC:
        return f"{where}: the disk is full; make room (`df -h {folder.root}`) and run this again, nothing is lost"
    if error.errno == errno.EROFS:
        return f"{where}: the file system is read-only; mount it for writing, or give another --data-dir"
    return f"{where}: {error.strerror or error}"


def _user() -> str:
    import pwd  # noqa: PLC0415 - for an error message alone

    try:
        return f"user {pwd.getpwuid(os.geteuid()).pw_name}"
    except KeyError:
        return f"user {os.geteuid()}"

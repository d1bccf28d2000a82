"""The `vigocli` command. It only wires: each noun is a module beside this one, imported when it is used."""

import importlib
import io
import pkgutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from vigo import cli
from vigo.cli.terminal.grammar import Invocation
from vigo.cli.terminal.options import DurationType
from vigo.core.command_line import Grammar, with_lists
from vigo.core.errors import VigoError

_THIS = "main"


class Nouns(Grammar):
    """The modules beside this one, by name; each has its command in `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the nouns, sorted."""
        del ctx
        found = [module.name for module in pkgutil.iter_modules(cli.__path__) if not module.ispkg]
        return sorted(name for name in found if name != _THIS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a noun, importing its module alone."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{cli.__name__}.{cmd_name}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error that a person can act on becomes one line and an exit status."""
        _never_fail_on_a_character()
        try:
            return super().invoke(ctx)
        except VigoError as error:
            from vigo.core.terminal import print_line  # noqa: PLC0415 - only where something is printed

            print_line(f"vigocli: {error}", colour="red", error=True)
            ctx.exit(int(error.mapping.exit_status))


def _never_fail_on_a_character() -> None:
    """Write out what the terminal's encoding lacks, instead of ending with an error in the middle of a table."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@click.group(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, readable=False),
    envvar="VIGO_DATA_DIR",
    show_envvar=True,
    help="The data folder of the server on this host; it is all the set-up there is there.",
)
@click.option(
    "--timeout",
    type=DurationType(shortest=timedelta(seconds=1), longest=timedelta(hours=1)),
    envvar="VIGO_TIMEOUT",
    show_envvar=True,
    help="How long to wait for an answer; 30s where left out, 10m for publishing.",
)
@click.pass_context
def main(ctx: click.Context, *, data_dir: Path | None, timeout: timedelta | None) -> None:
    """Run a fleet: publish what its machines shall be, let machines join, see how they do.

    The server is the one of --data-dir, or that of `vigocli login`, or the one in /var/lib/vigo on this host.

    Examples:
      vigocli --data-dir ./data config validate
      vigocli --data-dir ./data config publish -m "first policy"
      vigocli tokens create --hostname 'web-*' --ttl 1h
      vigocli envoys list

    Exit statuses:
      0  done
      1  failed, or refused; the reason is on standard error
      2  the command line is wrong
    """
    found = ctx.ensure_object(Invocation)
    found.data_dir, found.timeout = data_dir, timeout


main.help = with_lists(main.help)

if __name__ == "__main__":
    main(prog_name="vigocli")

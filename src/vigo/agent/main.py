"""The `vigo` command. It only wires: each command is a module of `vigo.agent.commands`, imported when it is used."""

import gc
import importlib
import os
import pkgutil
import sys
from typing import Any, NoReturn

import click

from vigo.agent import commands
from vigo.core.command_line import Grammar, with_lists
from vigo.core.errors import VigoError

_GARBAGE_AFTER = 100_000
"""How many more objects than before there are until garbage is looked for; the daemon also does so after each cycle."""


class Commands(Grammar):
    """The modules of the commands package, by name; each has its command in `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, sorted."""
        del ctx
        return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing its module alone."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{commands.__name__}.{cmd_name}")
        command: click.Command = module.command
        command.help = with_lists(command.help)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error that a person can act on becomes one line and an exit status."""
        # Nearly all that a run makes is of use until its end: looking for garbage is a tenth of its time.
        gc.set_threshold(_GARBAGE_AFTER)
        try:
            return super().invoke(ctx)
        except VigoError as error:
            from vigo.core.terminal import print_line  # noqa: PLC0415 - only where something is printed

            print_line(f"vigo: {error}", colour="red", error=True)
            ctx.exit(int(error.mapping.exit_status))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The Vigo agent: keeps this machine in the state that its operators wrote down.

    Examples:
      vigo enroll --server https://vigo.example.com:8443 --token T --ca-sha256 F
      vigo run --dry-run
      vigo status

    Exit statuses:
      0  nothing to do, or all was done
      1  something failed
      2  the command line is wrong
      3  this machine is not enrolled
    """


main.help = with_lists(main.help)


def program() -> NoReturn:
    """Run the command, and end the process at once: taking everything apart first is a sixth of a run's time."""
    try:
        main()
    except SystemExit as end:
        # Only a plain status: a text would still have to be printed.
        if isinstance(end.code, int | None):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code or 0)
        raise
    sys.exit()


if __name__ == "__main__":
    program()

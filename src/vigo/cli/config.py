"""`vigocli config`: the stacks, and the generations that are made of them. Each verb is a module of its own."""

import click

from vigo.cli.terminal.grammar import VerbFolder
from vigo.cli.verbs import config as verbs


@click.group("config", cls=VerbFolder, package=verbs)
def command() -> None:
    """Check the stacks, publish them, and see what was published.

    Examples:
      vigocli --data-dir ./data config validate
      vigocli --data-dir ./data config publish -m "nginx on the edge"
      vigocli config history

    Exit statuses:
      0  done
      1  failed, or refused; the reason is on standard error
      2  the command line is wrong
    """

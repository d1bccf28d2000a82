"""`vigocli version`."""

import click

import vigo
from vigo.cli.terminal.grammar import Verb


@click.command("version", cls=Verb)
def command() -> None:
    """Print the version of this command line; `vigocli doctor` compares it with the server's.

    Example:
      vigocli version

    Exit statuses:
      0  always
    """
    click.echo(f"vigocli {vigo.__version__}")

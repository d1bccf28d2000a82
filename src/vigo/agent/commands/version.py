"""`vigo version`."""

import click

import vigo


@click.command("version")
def command() -> None:
    """Print the version of this agent.

    Example:
      vigo version

    Exit statuses:
      0  always
    """
    click.echo(f"vigo {vigo.__version__}")

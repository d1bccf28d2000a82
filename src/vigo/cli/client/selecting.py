"""Which envoys a command is about."""

from typing import Any

import click

from vigo.cli.client.connecting import complete_envoys

hosts_option = click.option(
    "-t",
    "--target",
    "hosts",
    metavar="HOST",
    multiple=True,
    shell_complete=complete_envoys,
    help="A hostname, a glob, `~regex` or a UUID; may be given more than once.",
)
"""Envoys by their names; `target_of` takes what was given."""


def target_of(hosts: tuple[str, ...], how: str, selected: dict[str, Any]) -> dict[str, Any]:
    """Return the target in the form of the API; `how` says how hosts are given.

    Raises:
        UsageError: nothing was said, which never means everyone.
    """
    target = {"hosts": hosts, **selected}
    if not any(target.values()):
        raise click.UsageError(
            f"expected whom it is for ({how}, --where, --environment, --role or --all), found nobody"
        )
    return target

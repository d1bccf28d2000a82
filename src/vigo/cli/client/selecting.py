"""Which envoys a command is about, and what is given to what it runs there."""

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

parameters_option = click.option(
    "-p", "--param", "parameters", metavar="NAME=VALUE", multiple=True, help="What is given to it; may come repeatedly."
)
"""What is given to something that the stacks declare; `given_parameters` takes it."""


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


def given_parameters(parameters: tuple[str, ...]) -> dict[str, str]:
    """Return what was given, by name.

    Raises:
        UsageError: that is no NAME=VALUE, or a name comes twice.
    """
    found: dict[str, str] = {}
    for one in parameters:
        name, is_there, value = one.partition("=")
        if not is_there or not name:
            raise click.UsageError(f"--param: expected NAME=VALUE, found {one[:60]!r}")
        if name in found:
            raise click.UsageError(f"--param: expected each name once, found {name} again")
        found[name] = value
    return found

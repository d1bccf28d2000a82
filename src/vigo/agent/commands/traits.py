"""`vigo traits`."""

from pathlib import Path

import click

from vigo.agent.options import json_option, print_json, state_dir_option


@click.command("traits")
@state_dir_option
@json_option
@click.argument("name", required=False)
def command(*, state_dir: Path, as_json: bool, name: str | None) -> None:
    """Collect this machine's traits now and print them, or one set of them.

    Examples:
      vigo traits
      vigo traits os
      vigo traits --json --state-dir ./s

    Exit statuses:
      0  printed
      1  there is no such set
      3  this machine is not enrolled
    """
    from vigo.agent.identity.identity import IdentityFolder  # noqa: PLC0415 - so that `vigo version` starts at once
    from vigo.agent.local_machine import local_machine  # noqa: PLC0415 - the same
    from vigo.agent.terminal import trait_lines  # noqa: PLC0415 - the same
    from vigo.core.errors import NotFoundError  # noqa: PLC0415 - the same
    from vigo.core.nearest import did_you_mean  # noqa: PLC0415 - the same
    from vigo.core.terminal import print_line  # noqa: PLC0415 - the same

    collected = local_machine(IdentityFolder(state_dir.absolute()).load()).collect({})
    traits = collected.traits
    if name is not None:
        if name not in traits:
            reason = collected.failures.get(
                name, f"this agent collects {', '.join(traits)}{did_you_mean(name, traits)}"
            )
            raise NotFoundError(f"no trait set {name!r}: {reason}")
        traits = {name: traits[name]}
    if as_json:
        print_json(traits)
    else:
        for line in trait_lines(traits):
            print_line(line)
    for failed, reason in collected.failures.items():
        print_line(f"{failed}: {reason}", colour="yellow", error=True)

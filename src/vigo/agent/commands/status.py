"""`vigo status`."""

from pathlib import Path

import click

from vigo.agent.options import json_option, print_json, state_dir_option


@click.command("status")
@state_dir_option
@json_option
def command(*, state_dir: Path, as_json: bool) -> None:
    """Show who this machine is, what it applies, how its last run went and what waits for the server.

    Examples:
      vigo status
      vigo status --json --state-dir ./s

    Exit statuses:
      0  shown
      1  the state folder cannot be read
      3  this machine is not enrolled
    """
    from vigo.agent.status import Status, read_status  # noqa: PLC0415 - so that `vigo version` starts at once
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same
    from vigo.core.terminal import print_line  # noqa: PLC0415 - the same

    status: Status = read_status(state_dir.absolute(), SystemClock())
    if as_json:
        print_json(status)
        return
    for line in status.lines():
        print_line(line)

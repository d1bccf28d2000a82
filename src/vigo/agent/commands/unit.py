"""`vigo unit`."""

from pathlib import Path

import click

from vigo.agent.options import state_dir_option


@click.command("unit")
@state_dir_option
def command(*, state_dir: Path) -> None:
    """Print a systemd unit that runs this very program as a service, with the tightest limits that it can do with.

    Examples:
      vigo unit > /etc/systemd/system/vigo.service && systemctl enable --now vigo
      vigo unit --state-dir /srv/vigo-agent

    Exit statuses:
      0  printed
      2  the command line is wrong
    """
    import sys  # noqa: PLC0415 - imported where used, so that `vigo version` starts at once

    from vigo.agent.service.unit import unit  # noqa: PLC0415 - the same

    program = Path(sys.argv[0])
    installed = program if program.name == "vigo" else Path(sys.executable).parent / "vigo"
    click.echo(unit(str(installed.absolute()), str(state_dir.absolute())), nl=False)

"""`vigocli logout`."""

import click

from vigo.cli.terminal.grammar import Verb
from vigo.core.terminal import print_line


@click.command("logout", cls=Verb)
def command() -> None:
    """Forget the login of this user. The token stays in force until it expires or `vigocli access revoke` voids it.

    Example:
      vigocli logout

    Exit statuses:
      0  forgotten, or there was none
      1  the file cannot be removed
    """
    import os  # noqa: PLC0415 - so that `--help` starts at once

    from vigo.cli.client.login_file import LoginFile  # noqa: PLC0415 - the same

    file = LoginFile.of(os.environ)
    print_line(f"removed {file.path}" if file.remove() else f"there was no login in {file.path}")

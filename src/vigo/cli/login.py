"""`vigocli login`."""

import sys
from contextlib import suppress

import click

from vigo.cli.client.connecting import TIMEOUT, invocation
from vigo.cli.terminal.grammar import Verb
from vigo.core.terminal import print_line

_MOST_CHARACTERS = 600


@click.command("login", cls=Verb)
@click.option("--server", required=True, metavar="https://HOST:PORT", help="The server's HTTPS address.")
@click.option(
    "--ca-sha256",
    required=True,
    metavar="FINGERPRINT",
    help="The CA's fingerprint, from the server's host: it is never trusted because it was met first.",
)
@click.pass_context
def command(ctx: click.Context, *, server: str, ca_sha256: str) -> None:
    """Use a server from this machine, with a token that `vigocli access create` printed on the server's host.

    The token is asked for, or read from standard input where that is no terminal. It is sent only to a server whose
    CA has the given fingerprint, and kept in a file that is yours alone.

    Examples:
      vigocli login --server https://vigo.example.com:8443 --ca-sha256 F
      vigocli login --server vigo.example.com --ca-sha256 F < token.txt

    Exit statuses:
      0  logged in
      1  refused, or another server, or unreachable; a former login is kept
      2  the command line is wrong
    """
    import os  # noqa: PLC0415 - imported where used, so that `--help` starts at once

    from vigo.cli.client.api import Api  # noqa: PLC0415 - the same
    from vigo.cli.client.login_file import Login, LoginFile  # noqa: PLC0415 - the same
    from vigo.cli.client.pinning import pinned_ca, server_url  # noqa: PLC0415 - the same
    from vigo.cli.client.target import Target  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same
    from vigo.core.errors import ForbiddenError  # noqa: PLC0415 - the same
    from vigo.core.fingerprints import parse_fingerprint  # noqa: PLC0415 - the same

    url, pinned = server_url(server), parse_fingerprint(ca_sha256, "vigocli access create")
    timeout, clock = invocation(ctx).timeout or TIMEOUT, SystemClock()
    ca_pem = pinned_ca(url, pinned, timeout, clock)
    token = _asked_for()
    # One that may do less is refused this, and known all the same.
    with Api(Target(url, token, ca_pem), timeout, clock) as api, suppress(ForbiddenError):
        api.items("generations", limit=1)
    file = LoginFile.of(os.environ)
    file.save(Login(server=url, token=token, ca_pem=ca_pem))
    print_line(f"logged in at {url}; kept in {file.path}")


def _asked_for() -> str:
    from vigo.core.errors import UsageError  # noqa: PLC0415 - so that `--help` starts at once

    if sys.stdin.isatty():
        token = str(click.prompt("Token", hide_input=True, err=True)).strip()
    else:
        token = sys.stdin.readline(_MOST_CHARACTERS).strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(
            "expected an access token, found none; type it, or pass it on standard input; `vigocli access create` on"
            " the server's host makes one"
        )
    return token

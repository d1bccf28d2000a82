"""`vigo enroll`."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vigo.agent.options import state_dir_option

if TYPE_CHECKING:
    from vigo.agent.identity.identity import IdentityFolder
    from vigo.agent.link.enrolment import Enrolled, Wanted

_LONGEST_WAIT = timedelta(days=1)


@click.command("enroll")
@click.option("--server", required=True, metavar="https://HOST:PORT", help="The server's HTTPS address.")
@click.option(
    "--token",
    default="",
    envvar="VIGO_TOKEN",
    show_envvar=True,
    help="What `vigocli tokens create` printed. Left out, it is waited for somebody's approval.",
)
@click.option(
    "--ca-sha256", required=True, metavar="FINGERPRINT", help="The CA's fingerprint, printed beside the token."
)
@state_dir_option
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Manage this folder as a machine's whole file system: an image, a chroot, a test.",
)
@click.option("--hostname", help="The name that policies match; this machine's full name where left out.")
@click.option("--force", is_flag=True, help="Replace an identity that this machine has already.")
@click.option(
    "--wait",
    metavar="SECONDS",
    type=click.IntRange(0, int(_LONGEST_WAIT.total_seconds())),
    default=int(_LONGEST_WAIT.total_seconds()),
    help="Without a token: wait so long for the approval; a day where left out.",
)
def command(
    *,
    server: str,
    token: str,
    ca_sha256: str,
    state_dir: Path,
    root: Path | None,
    hostname: str | None,
    force: bool,
    wait: int,
) -> None:
    """Give this machine its identity: keys made here, a certificate signed by the server's CA.

    The token is sent only to a server whose CA has the given fingerprint. Doing it again with the same server is as
    good as once; an interrupted enrolment goes on when it is repeated. With --force a machine that was enrolled at
    this server by the same name proves that it has its former key and stays the same envoy, with another key.

    Without a token the server is asked to let this machine in. An operator sees it with `vigocli enrol pending`, and
    compares the fingerprint there with the one that is printed here.

    Examples:
      vigo enroll --server https://vigo.example.com:8443 --token T --ca-sha256 F
      vigo enroll --server https://vigo.example.com:8443 --ca-sha256 F --wait 600
      vigo enroll --server https://localhost:8443 --token T --ca-sha256 F --root ./image --hostname web-1

    Exit statuses:
      0  enrolled, now or before
      1  refused, denied, not approved in time, unreachable, or enrolled elsewhere already
      2  the command line is wrong
    """
    import socket  # noqa: PLC0415 - imported where used, so that `vigo version` starts at once

    from vigo.agent.identity.identity import IdentityFolder  # noqa: PLC0415 - the same
    from vigo.agent.link.enrolment import Wanted  # noqa: PLC0415 - the same
    from vigo.core.terminal import print_line  # noqa: PLC0415 - the same

    wanted = Wanted(
        server_url=server,
        token=token,
        ca_sha256=ca_sha256,
        hostname=hostname or _own_name(socket.getfqdn(), socket.gethostname()),
        root=None if root is None else str(root.resolve()),
    )
    enrolled = _enrolled(IdentityFolder(state_dir.absolute()), wanted, timedelta(seconds=wait), force=force)
    identity = enrolled.identity
    if enrolled.was_there:
        print_line(f"already enrolled as {identity.hostname} ({identity.envoy}) at {identity.server_url}")
        return
    if enrolled.former is not None:
        print_line(f"the former identity was moved to {enrolled.former}")
    print_line(f"enrolled as {identity.hostname} ({identity.envoy}) at {identity.server_url}")


def _enrolled(folder: "IdentityFolder", wanted: "Wanted", patience: timedelta, *, force: bool) -> "Enrolled":
    """Return the identity, once somebody has let the machine in where it has no token.

    Raises:
        TimedOutError: nobody has within the time.
        VigoError: what else kept it out.
    """
    import time  # noqa: PLC0415 - for waiting alone

    from vigo.agent.link.enrolment import Enrolled, enrol  # noqa: PLC0415 - so that `vigo version` starts at once
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same
    from vigo.core.errors import TimedOutError, UnavailableError  # noqa: PLC0415 - the same
    from vigo.core.terminal import print_line  # noqa: PLC0415 - the same

    clock = SystemClock()
    ends_at = clock.monotonic() + patience
    pause_seconds = 0
    while True:
        try:
            found = enrol(folder, clock, wanted, force=force)
        except (UnavailableError, TimedOutError):
            if not pause_seconds:
                raise
            # It is being restarted, or the network is gone for a while: the request stays with it.
        else:
            if isinstance(found, Enrolled):
                return found
            if not pause_seconds:
                pause_seconds = found.ask_again_seconds
                print_line(f"{wanted.hostname} waits to be let in; the fingerprint of its key is {found.fingerprint}")
                print_line("an operator lets it in with `vigocli enrol approve`, after comparing the fingerprint")
        left = ends_at - clock.monotonic()
        if left <= timedelta(0):
            raise TimedOutError(
                "nobody has let this machine in yet; the request stays with the server for a day, and the same command"
                " goes on with it"
            )
        time.sleep(min(left.total_seconds(), pause_seconds))


def _own_name(full: str, short: str) -> str:
    """Return the full name, unless the resolver only knows the loopback's."""
    return short if full.startswith("localhost") or full.endswith((".arpa", ".localdomain")) else full

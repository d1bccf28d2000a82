"""`vigo enroll`."""

from pathlib import Path

import click

from vigo.agent.options import state_dir_option


@click.command("enroll")
@click.option("--server", required=True, metavar="https://HOST:PORT", help="The server's HTTPS address.")
@click.option(
    "--token", required=True, envvar="VIGO_TOKEN", show_envvar=True, help="What `vigocli tokens create` printed."
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
def command(
    *, server: str, token: str, ca_sha256: str, state_dir: Path, root: Path | None, hostname: str | None, force: bool
) -> None:
    """Give this machine its identity: keys made here, a certificate signed by the server's CA.

    The token is sent only to a server whose CA has the given fingerprint. Doing it again with the same server is as
    good as once; an interrupted enrolment goes on when it is repeated.

    Examples:
      vigo enroll --server https://vigo.example.com:8443 --token T --ca-sha256 F
      vigo enroll --server https://localhost:8443 --token T --ca-sha256 F --root ./image --hostname web-1

    Exit statuses:
      0  enrolled, now or before
      1  refused, unreachable, or enrolled elsewhere already
      2  the command line is wrong
    """
    import socket  # noqa: PLC0415 - imported where used, so that `vigo version` starts at once

    from vigo.agent.identity.identity import IdentityFolder  # noqa: PLC0415 - the same
    from vigo.agent.link.enrolment import enrol  # noqa: PLC0415 - the same
    from vigo.core.clock import SystemClock  # noqa: PLC0415 - the same
    from vigo.core.terminal import print_line  # noqa: PLC0415 - the same

    enrolled = enrol(
        IdentityFolder(state_dir.absolute()),
        SystemClock(),
        server_url=server,
        token=token,
        ca_sha256=ca_sha256,
        hostname=hostname or _own_name(socket.getfqdn(), socket.gethostname()),
        root=None if root is None else str(root.resolve()),
        force=force,
    )
    identity = enrolled.identity
    if enrolled.was_there:
        print_line(f"already enrolled as {identity.hostname} ({identity.envoy}) at {identity.server_url}")
        return
    if enrolled.former is not None:
        print_line(f"the former identity was moved to {enrolled.former}")
    print_line(f"enrolled as {identity.hostname} ({identity.envoy}) at {identity.server_url}")


def _own_name(full: str, short: str) -> str:
    """Return the full name, unless the resolver only knows the loopback's."""
    return short if full.startswith("localhost") or full.endswith((".arpa", ".localdomain")) else full

"""The executor of `UnmountPath`."""

from vigo.agent.host.real_host import RealHost
from vigo.agent.host.run import run
from vigo.catalog.ops.mounts import UnmountPath
from vigo.core.errors import BlockedError, UnavailableError


def unmount_path(op: UnmountPath, host: RealHost) -> None:
    """Unmount what is not in use; never by force.

    Raises:
        BlockedError: it is in use.
        TimedOutError: it did not end in time, say since a server does not answer.
        UnavailableError: umount(8) refuses for another reason, with what it says.
    """
    try:
        run(op, host)
    except UnavailableError as error:
        if "busy" not in str(error):
            raise
        raise BlockedError(
            f"{op.path} is in use, and nothing is unmounted by force: `fuser --verbose --mount {op.path}` names the"
            f" processes; {error}"
        ) from error

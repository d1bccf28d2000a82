"""The executor of `MountPath`."""

from vigo.agent.host.real_host import RealHost
from vigo.agent.host.run import run
from vigo.catalog.ops.mounts import MountPath


def mount_path(op: MountPath, host: RealHost) -> None:
    """Mount, or mount anew with other options, as /etc/fstab has it.

    Raises:
        BlockedError: the machine does not allow it now.
        TimedOutError: it did not end in time, say since a server does not answer.
        UnavailableError: mount(8) refuses, with what it says.
    """
    run(op, host)

"""The executor of `SetHostname`."""

import socket

from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops.hostname import SetHostname
from vigo.core.errors import BlockedError


def set_hostname(op: SetHostname, host: RealHost) -> None:
    """Give the running kernel its name.

    Raises:
        OSError: the kernel refuses.
        BlockedError: this is an image.
    """
    if host.is_image():
        raise BlockedError("not set in an image (--root): it would be the running machine's name")
    socket.sethostname(op.hostname)

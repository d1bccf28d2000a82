"""The executor of `SetLabel`."""

import errno
import os

from vigo.agent.host.entry import entry_to_change
from vigo.agent.host.files import LABEL
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops.label import SetLabel
from vigo.core.errors import UnavailableError


def set_label(op: SetLabel, host: RealHost) -> None:
    """Set the SELinux context of what is at the path itself.

    Raises:
        OSError: the kernel refuses.
        UnavailableError: nothing or a symlink is there, the policy that is loaded does not know the context, or the
            file system keeps none.
    """
    with host.root.place_to_change(op.path) as place, entry_to_change(place) as entry:
        if entry.kind == "symlink":
            raise UnavailableError("expected a file or directory to label, found a symlink; name what it leads to")
        try:
            os.setxattr(entry.handle, LABEL, op.label.encode() + b"\0")
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise UnavailableError(
                    f"expected a context that the loaded policy knows, found {op.label}; correct it, or install the"
                    " policy module that brings it (`matchpathcon PATH` prints the usual one)"
                ) from error
            if error.errno == errno.ENOTSUP:
                raise UnavailableError(
                    "expected a file system that keeps SELinux contexts, found that it does not; mount it with the"
                    " option context= instead"
                ) from error
            raise

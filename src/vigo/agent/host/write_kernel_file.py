"""The executor of `WriteKernelFile`."""

import errno
import os

from vigo.agent.host.faults import ABSENT, told
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops import WriteKernelFile
from vigo.core.errors import InvalidError, UnavailableError

_REFUSED_VALUES = frozenset({errno.EINVAL, errno.ERANGE, errno.EDOM})


def write_kernel_file(op: WriteKernelFile, host: RealHost) -> None:
    """Write a value to a file of the kernel, in one write(2) as proc(5) asks for.

    Raises:
        OSError: the kernel refuses.
        InvalidError: the kernel does not take this value.
        UnavailableError: there is no such file; it is never made.
    """
    with host.root.place_to_change(op.path) as place:
        try:
            descriptor = os.open(place.name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place.directory)
        except OSError as error:
            if error.errno in ABSENT:
                raise UnavailableError("expected a file of the kernel, found none; is the module loaded?") from error
            raise
        try:
            os.write(descriptor, op.content.encode())
        except OSError as error:
            if error.errno in _REFUSED_VALUES:
                raise InvalidError(f"the kernel does not take this value ({told(error)}); correct it") from error
            raise
        finally:
            os.close(descriptor)

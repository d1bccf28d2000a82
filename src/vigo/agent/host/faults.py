"""What an error of the kernel means for whoever reads the report, and which of Vigo's errors it is."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from vigo.core.errors import BlockedError, InvalidError, UnavailableError, VigoError

_BLOCKING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENFILE, errno.EMFILE, errno.ENOMEM})
_ADVICE = {
    errno.ENOSPC: "free some space, or make the file system larger",
    errno.EDQUOT: "free some space, or raise the quota",
    errno.EROFS: "mount the file system read-write, or leave the path out of the policy",
    errno.ELOOP: "it leads through more symlinks than one path may, or changed meanwhile; correct the symlinks",
    errno.ENAMETOOLONG: "expected names of at most 255 bytes in a path of at most 4095; shorten it",
    errno.ENOTEMPTY: "expected an empty directory; ask for its content to be removed too",
    errno.EXDEV: "a hard link cannot lead to another file system; use a symlink",
    errno.EBUSY: "something is mounted there or uses it; unmount it first",
    errno.ESTALE: "the network file system lost it; mount it anew",
    errno.EIO: "the disk or its connection failed; check the kernel's log",
}
_REFUSED = frozenset({errno.EACCES, errno.EPERM})
ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})
"""What the kernel answers for a path that is not there."""


def told(error: OSError) -> str:
    """Return what the kernel said and what to do about it."""
    reason = error.strerror or str(error)
    advice = _ADVICE.get(error.errno or 0, "")
    if error.errno in _REFUSED:
        advice = (
            "check for an immutable attribute or a security module"
            if os.geteuid() == 0
            else f"the agent runs as uid {os.geteuid()}; run it as root"
        )
    return f"{reason}; {advice}" if advice else reason


def fault(error: OSError) -> VigoError:
    """Return the error as one of Vigo's: blocked where the machine lacks something, else unavailable."""
    return (BlockedError if error.errno in _BLOCKING else UnavailableError)(told(error))


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Turn what keeps a path from being read into an error that names it.

    Raises:
        UnavailableError: the kernel refused, with its reason.
        InvalidError: no file can have such a name.
    """
    try:
        yield
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be read: {told(error)}") from error
    except VigoError as error:
        raise type(error)(f"{path}: {error}") from error


def check_text_of_path(path: str) -> None:
    """Accept a path that the kernel can be given.

    Raises:
        InvalidError: it has a NUL, or characters that no file name can hold.
    """
    if "\0" in path:
        raise InvalidError("expected a path without NUL, found one; correct it")
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        raise InvalidError("expected a path that can be encoded, found a lone surrogate; correct it") from error

"""A checkout that is there, for git to work in."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from vigo.agent.host.entry import Entry, entry_at
from vigo.agent.host.git_checkout import SWITCHING
from vigo.agent.host.git_program import GitProgram
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops.git_checkout import AskRemote, CheckOutRevision
from vigo.core.errors import UnavailableError

LONGEST_LOCK_SECONDS = 60 * 60
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def git_in(op: AskRemote | CheckOutRevision, host: RealHost) -> Iterator[GitProgram]:
    """Give git in the checkout of an operation.

    Raises:
        OSError: the kernel refuses a step on the way.
        UnavailableError: there is no folder, or a symlink that another user decides on.
    """
    with host.root.place_to_change(op.path) as place, entry_at(place) as entry:
        if entry is None or entry.kind != "directory" or place.name == ".":
            raise UnavailableError("expected a checkout, found none; it went meanwhile, and the next run clones it")
        _clear_locks(entry)
        folder = os.readlink(entry.handle)  # noqa: PTH115 - a handle
        yield GitProgram(host, folder, user=op.user, within=op.timeout, repo=op.repo)


def _clear_locks(entry: Entry) -> None:
    """Remove the locks that a switch of ours left which was cut short: those of before the boot, or an hour old."""
    oldest = time.time() - min(LONGEST_LOCK_SECONDS, time.clock_gettime(time.CLOCK_BOOTTIME))
    with ExitStack() as opened, suppress(FileNotFoundError, NotADirectoryError):
        directory = os.open(".git", _FOLDER, dir_fd=entry.descriptor)
        opened.callback(os.close, directory)
        os.stat(SWITCHING, dir_fd=directory, follow_symlinks=False)
        for name in ("index.lock", "HEAD.lock"):
            with suppress(FileNotFoundError):
                if os.stat(name, dir_fd=directory, follow_symlinks=False).st_mtime < oldest:
                    os.unlink(name, dir_fd=directory)

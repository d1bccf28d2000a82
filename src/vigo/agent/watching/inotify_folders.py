"""Events of folders from the kernel. Source: inotify(7)."""

import errno
import os
from contextlib import suppress
from typing import Final

from inotify_simple import INotify, flags, parse_events

from vigo.agent.host.root import Root
from vigo.agent.watching.folder_events import FolderEvent
from vigo.core.errors import BlockedError, VigoError

# Not MODIFY: a file counts as written when its writer closes it, and logs are written all the time.
_CHANGES: Final = flags.CLOSE_WRITE | flags.MOVED_FROM | flags.MOVED_TO | flags.CREATE | flags.DELETE | flags.ATTRIB
_MASK: Final = _CHANGES | flags.DELETE_SELF | flags.MOVE_SELF | flags.ONLYDIR | flags.EXCL_UNLINK
_LOST: Final = flags.IGNORED | flags.UNMOUNT | flags.DELETE_SELF | flags.MOVE_SELF
_READ_BYTES: Final = 64 * 1024
_MOST_READS: Final = 100
"""At most so many at once, which is more than the queue of the kernel holds: a flood cannot keep the reader busy."""


class InotifyFolders:
    """The folders beneath a root. Fulfils `FolderEvents`."""

    def __init__(self, root: str | None) -> None:
        """Ask the kernel for a queue.

        Raises:
            BlockedError: it gives none.
        """
        self._root = Root(root)
        try:
            self._inotify = INotify(nonblocking=True)
        except OSError as error:
            raise BlockedError(
                f"expected to be told of changes by the kernel, found {error.strerror}; fs.inotify.max_user_instances"
                " says how many programs of a user may be (sysctl)"
            ) from error

    def fileno(self) -> int:
        """Return the descriptor that can be read when there are events."""
        return int(self._inotify.fileno())

    def add(self, folder: str) -> int | None:
        """Watch a folder of the host and return its handle, or None where there is none."""
        try:
            # By the descriptor to which the walk beneath the root led: a path could be swapped for a link meanwhile.
            with self._root.place(folder, follow=False) as place:
                if place is None:
                    return None
                entry = os.open(place.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place.directory)
                try:
                    return int(self._inotify.add_watch(f"/proc/self/fd/{entry}", _MASK))
                finally:
                    os.close(entry)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.ENOMEM):
                raise BlockedError(
                    "expected to watch one more folder, found that this machine allows no more; raise"
                    " fs.inotify.max_user_watches (sysctl)"
                ) from error
            return None
        except VigoError:
            return None

    def remove(self, handle: int) -> None:
        """Watch a folder no longer; one that is lost already is as good."""
        with suppress(OSError):
            self._inotify.rm_watch(handle)

    def read(self) -> tuple[FolderEvent, ...]:
        """Return what happened since, without waiting."""
        found = []
        for _ in range(_MOST_READS):
            try:
                data = os.read(self.fileno(), _READ_BYTES)
            except BlockingIOError:
                break
            found += [
                FolderEvent(
                    handle=one.wd,
                    name=one.name,
                    is_lost=bool(one.mask & _LOST),
                    is_overflow=bool(one.mask & flags.Q_OVERFLOW),
                )
                for one in parse_events(data)
            ]
        return tuple(found)

    def close(self) -> None:
        """Watch nothing any more."""
        self._inotify.close()

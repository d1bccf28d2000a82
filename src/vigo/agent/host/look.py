"""What one look at a resource saw of the host's files, and the marks by which to tell later that nothing moved.

A mark is what lstat(2) or stat(2) says of a path less the time of the last access. Whatever changes a file's content,
its owner, its mode or its attributes sets its time of change, which no program can choose. Source: inode(7).
"""

import os
import stat
import struct
from collections.abc import Mapping
from typing import Final

from vigo.agent.machine import Marks

GRAIN_NS: Final = 2_000_000_000
"""The coarsest clock of a file system's times, FAT's. What was changed so shortly ago can change again unseen."""

_PACKED: Final = struct.Struct("=QQIIIqqq")
_TOLD_BY_KERNEL: Final = ("/proc/", "/sys/", "/dev/")
_NOTHING: Final = b""


def mark_of(found: os.stat_result | None) -> bytes:
    """Return the mark of what is at a path, empty where nothing is."""
    if found is None:
        return _NOTHING
    return _PACKED.pack(
        found.st_dev,
        found.st_ino,
        found.st_mode,
        found.st_uid,
        found.st_gid,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
    )


class Look:
    """What was seen. `seen` is what was at each path itself, by path.

    `first_ns` is when the first was read of all that may be told: a file that is read once is told of in many looks.
    """

    def __init__(self, first_ns: int) -> None:
        self.seen: dict[str, os.stat_result | None] = {}
        self._followed: dict[str, os.stat_result | None] = {}
        self._latest_ns = first_ns - GRAIN_NS
        self._open_questions = 0

    def asks(self) -> None:
        """Count a question; a look of which one stays without an answer has no marks.

        Most answers of programs change without a trace in files, so they answer nothing here.
        """
        self._open_questions += 1

    def answered_from(self, sources: Mapping[str, os.stat_result | None]) -> None:
        """Answer a question by the files that all of the answer was made of, as they were right before."""
        for path, found in sources.items():
            self.asks()
            self.followed(path, found)
        self._open_questions -= 1

    def saw(self, path: str, found: os.stat_result | None) -> None:
        """Answer a question by what is at the path itself."""
        self._open_questions -= 1
        self.seen[path] = found

    def followed(self, path: str, found: os.stat_result | None, size_bytes: int | None = None) -> None:
        """Answer a question by what the path leads to, of which so many bytes were read, where it was read.

        What the kernel tells in the form of files changes without a trace, and has no size, or not that of its content.
        """
        if path.startswith(_TOLD_BY_KERNEL) or (found is not None and not _is_on_disk(found, size_bytes)):
            return
        self._open_questions -= 1
        self._followed[path] = found

    def start_again(self) -> None:
        """Forget what was seen, since something ran that is no file; this look will have no marks."""
        self.seen.clear()
        self.asks()

    def marks(self) -> Marks | None:
        """Return the marks of all that was seen; None where they would not tell of every change."""
        if self._open_questions:
            return None
        found: list[tuple[str, bool, bytes]] = []
        for is_followed, paths in ((False, self.seen), (True, self._followed)):
            for path, entry in paths.items():
                if entry is not None and max(entry.st_ctime_ns, entry.st_mtime_ns) > self._latest_ns:
                    return None
                if not _is_text(path):
                    return None  # it could not be stored
                mark = mark_of(entry)
                if not is_followed or path not in self.seen or mark != mark_of(self.seen[path]):
                    found.append((path, is_followed, mark))
        return tuple(found)


def _is_text(path: str) -> bool:
    """Return whether a path is one in UTF-8, as nearly all are."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_on_disk(found: os.stat_result, size_bytes: int | None) -> bool:
    if size_bytes is None:
        return not stat.S_ISDIR(found.st_mode) or found.st_size > 0
    return 0 < found.st_size == size_bytes

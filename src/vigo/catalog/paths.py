"""Where a path leads once the symlinks in it are followed."""

from vigo.catalog.api import ReadFiles
from vigo.core.errors import UnavailableError

MAX_LINKS = 40
"""How many symlinks one path may lead through. Source: path_resolution(7)."""


def real_path(host: ReadFiles, path: str) -> str:
    """Return the path without symlinks, `.` and `..`; what is not there is taken as it is written.

    Raises:
        UnavailableError: it leads through more symlinks than the kernel follows.
    """
    return _followed(host, path, last=True)


def entry_path(host: ReadFiles, path: str) -> str:
    """Return where the entry itself is: the symlinks on the way are followed, one in its place is not.

    Raises:
        UnavailableError: it leads through more symlinks than the kernel follows.
    """
    return _followed(host, path, last=False)


def _followed(host: ReadFiles, path: str, *, last: bool) -> str:
    pending, done, links = list(reversed(path.split("/"))), "", 0
    while pending:
        part = pending.pop()
        if part in ("", "."):
            continue
        if part == "..":
            done = done.rpartition("/")[0]
            continue
        target = host.read_link(f"{done}/{part}") if last or any(pending) else None
        if target is None:
            done = f"{done}/{part}"
            continue
        links += 1
        if links > MAX_LINKS:
            raise UnavailableError(f"{path}: expected at most {MAX_LINKS} symlinks on the way, found more; a loop?")
        pending += reversed(target.split("/"))
        done = "" if target.startswith("/") else done
    return done or "/"

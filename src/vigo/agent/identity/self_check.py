"""Looking at the agent's own files: who could have read its keys, and who could change what runs as root."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from vigo.agent.identity.identity import FOLDER
from vigo.core.errors import UnavailableError

_OTHERS = 0o077
_WRITABLE = 0o022


def secured(state_dir: Path) -> tuple[str, ...]:
    """Take the others' access to the state folder and the identity in it; return what was wrong, in words.

    What is not there yet is passed over.

    Raises:
        UnavailableError: something of it is another user's, or no plain file: then others decide what this agent does.
    """
    identity = state_dir / FOLDER
    paths = [state_dir, identity, *sorted(identity.iterdir())] if identity.is_dir() else [state_dir]
    return tuple(problem for path in paths if (problem := _secured(path)))


def program_problems() -> tuple[str, ...]:
    """Return by what others than root could change the program that runs as root; nothing where it does not."""
    if os.geteuid() != 0:
        return ()
    return tuple(dict.fromkeys(_open_to_others()))


def _secured(path: Path) -> str:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return ""
    if found.st_uid != os.geteuid() or stat.S_ISLNK(found.st_mode):
        what = "a symlink" if stat.S_ISLNK(found.st_mode) else f"one of the user {found.st_uid}"
        raise UnavailableError(
            f"{path}: expected a file of the user {os.geteuid()} that runs the agent, found {what}: others could decide"
            " what this machine becomes; look who put it there, then move it away and enrol anew"
        )
    if not found.st_mode & _OTHERS:
        return ""
    path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
    return (
        f"{path} was open to others ({stat.S_IMODE(found.st_mode):04o}) and is not any more; if somebody may have read"
        " keys there, run `vigo enroll --force`: the former ones open nothing then"
    )


def _open_to_others() -> Iterator[str]:
    package = Path(__file__).resolve().parents[2]
    for begin in (package, Path(sys.executable).resolve()):
        for path in (begin, *begin.parents):
            found = path.stat()
            is_sticky = bool(found.st_mode & stat.S_ISVTX)
            if found.st_uid != 0 or (found.st_mode & _WRITABLE and not is_sticky):
                yield (
                    f"{path} can be changed by others than root (user {found.st_uid},"
                    f" {stat.S_IMODE(found.st_mode):04o}), and this program runs as root from there; install it as root"
                )
                break

"""Writing private files so that a crash leaves the old content or the new, never half of either."""

import os
from pathlib import Path

from vigo.core.errors import UnavailableError


def make_private_folder(path: Path) -> None:
    """Create a folder that only its owner may enter, and its parents; take the others' access to an existing one.

    Raises:
        UnavailableError: it cannot be made or is another user's.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise UnavailableError(
            f"{path}: expected a folder of our own, found {error.strerror}; run as root, or choose another --state-dir"
        ) from error


def write_private(path: Path, content: bytes) -> None:
    """Replace a file at once, with mode 0600, and return when it is on the disk.

    Raises:
        UnavailableError: the disk is full or the folder cannot be written to; the former content is still there.
    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UnavailableError(
            f"{path}: cannot be written: {error.strerror}; free some space or check the rights of its folder"
        ) from error


def sync_folder(path: Path) -> None:
    """Return when the names in a folder are on the disk. Source: fsync(2)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Files that are there as a whole or not at all, also after a crash at any moment."""

import os
import secrets
from pathlib import Path

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700


def write_atomically(path: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Replace a file by one with this content, durable when this returns.

    The new file never has wider rights than its final mode. Source: rename(2), fsync(2).
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private_folder(path: Path) -> None:
    """Make a folder that its owner alone may enter; one that is there stays as it is."""
    path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)

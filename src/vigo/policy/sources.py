"""Reading the folder of the stacks into memory. This is the only part of the compiler that touches a disk."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from vigo.policy.diagnostics import Diagnostic

MOST_FILES: Final = 20_000
MOST_BYTES: Final = 256 * 1024 * 1024


class Sources(msgspec.Struct, frozen=True):
    """The files of the stacks, each by its path below their root with `/`, and what could not be read."""

    files: Mapping[str, bytes]
    problems: tuple[Diagnostic, ...] = ()


def read_sources(root: Path) -> Sources:
    """Return every file below the root whose path has no name that begins with a dot.

    No error leaves this: what cannot be read, is a link or is too large is a problem of the result.
    """
    files: dict[str, bytes] = {}
    problems: list[Diagnostic] = []
    if not root.is_dir():
        return Sources({}, (_problem(".", f"expected the folder of the stacks at {root}, found none; make it"),))
    size_bytes = 0
    for path in _paths(root, problems):
        name = path.relative_to(root).as_posix()
        if not _is_text(name):
            problems.append(_problem(name, "expected a file name in UTF-8, found other bytes; rename the file"))
            continue
        try:
            content = _read(path, MOST_BYTES - size_bytes)
        except OSError as error:
            problems.append(_problem(name, f"the file cannot be read: {error.strerror}; correct its rights"))
            continue
        size_bytes += len(content)
        if size_bytes > MOST_BYTES or len(files) == MOST_FILES:
            limit = f"at most {MOST_FILES} files and {MOST_BYTES >> 20} MiB"
            problems.append(_problem(name, f"expected stacks of {limit}, found more; large files belong elsewhere"))
            break
        files[name] = content
    return Sources(files, tuple(problems))


def _paths(root: Path, problems: list[Diagnostic]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        folder = Path(error.filename or root)
        name = folder.relative_to(root).as_posix() if folder.is_relative_to(root) else "."
        problems.append(_problem(name, f"the folder cannot be read: {error.strerror}; correct its rights"))

    for folder, folders, names in os.walk(root, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted([name for name in names if not name.startswith(".")] + links):
            path = Path(folder, name)
            if _is_file(path):
                yield path
                continue
            problems.append(
                _problem(
                    path.relative_to(root).as_posix(),
                    "expected a file or folder, found a link or something else; a link would bring in what stands"
                    " outside the stacks: copy the file instead",
                )
            )


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return True  # gone or out of reach by now: reading it says which


def _read(path: Path, limit: int) -> bytes:
    # Between the look and the reading someone may have put a link or a pipe there.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(limit + 1)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _problem(file: str, message: str) -> Diagnostic:
    shown = file.encode(errors="replace").decode()
    return Diagnostic(severity="error", code="unreadable", message=message, file=shown, line=1, column=1)

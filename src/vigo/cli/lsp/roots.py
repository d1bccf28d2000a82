"""Which folder of stacks a file belongs to."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

_FOLDER: Final = "configcrates"
_FILES: Final = ("environments.vgo", "roles.vgo")


def stacks_of(file: Path, workspace: Iterable[Path] = (), given: Path | None = None) -> Path | None:
    """Return the root of the stacks that a file is in, or None where it is in none.

    `given` is the only one that counts, where there is one. Else it is the nearest folder above that looks like a root,
    or the innermost folder of the editor's workspace that the file is in, where that has a `.vgo` file itself.
    """
    if given is not None:
        # As the editor writes it, where that leads there by another way, such as a link.
        return next((folder for folder in file.parents if folder == given or _is_same(folder, given)), None)
    for folder in file.parents:
        if _is_root(folder):
            return folder
    around = [folder for folder in workspace if file.is_relative_to(folder) and _has_stacks(folder)]
    return max(around, key=lambda folder: len(folder.parts), default=None)


def name_in(root: Path, file: Path) -> str | None:
    """Return a file's path in the stacks, or None for what is no file of theirs: no name in it begins with a dot."""
    if not file.is_relative_to(root) or file == root:
        return None
    parts = file.relative_to(root).parts
    return None if any(part.startswith(".") for part in parts) else "/".join(parts)


def _is_same(folder: Path, other: Path) -> bool:
    try:
        return folder.samefile(other)
    except OSError:
        return False


def _is_root(folder: Path) -> bool:
    # Below roles/ a file may have any name, that of the file in the root too.
    files = _FILES if folder.name != "roles" else _FILES[:1]
    try:
        return (folder / _FOLDER).is_dir() or any((folder / name).is_file() for name in files)
    except OSError:
        return False


def _has_stacks(folder: Path) -> bool:
    try:
        return any(path.suffix == ".vgo" for path in folder.iterdir())
    except OSError:
        return False

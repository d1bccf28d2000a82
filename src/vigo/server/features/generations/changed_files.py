"""What a generation has otherwise than the one before it, line by line."""

import difflib
from pathlib import Path
from typing import Final, Literal

from vigo.core.errors import NotFoundError
from vigo.core.ids import GenerationNumber
from vigo.server.features.generations.models import FileChange, GenerationChanges
from vigo.server.features.generations.snapshot import LiveFolder, number_of

_MOST_FILES: Final = 200
_MOST_DIFF_CHARACTERS: Final = 20_000
_MOST_FILE_BYTES: Final = 1 << 20


def changed_files(folder: LiveFolder, number: GenerationNumber) -> GenerationChanges:
    """Return the files that differ, by path. It reads files, so it belongs into a thread.

    Raises:
        DamagedError: a manifest cannot be read.
        NotFoundError: there is no such generation.
    """
    names = {number_of(name): name for name in folder.names()}
    if number not in names:
        raise NotFoundError(f"expected the number of a generation, found {number}; `vigocli config history` lists them")
    former = max((one for one in names if one < number), default=None)
    after, before = folder.manifest(names[number]).files, {}
    if former is not None:
        before = folder.manifest(names[former]).files
    paths = sorted(path for path in after.keys() | before.keys() if after.get(path) != before.get(path))
    new = folder.stacks_of(names[number])
    old = None if former is None else folder.stacks_of(names[former])
    found = []
    for path in paths[:_MOST_FILES]:
        action: Literal["added", "changed", "removed"] = (
            "added" if path not in before else "removed" if path not in after else "changed"
        )
        was = _text(old / path) if old is not None and path in before else ""
        becomes = _text(new / path) if path in after else ""
        found.append(FileChange(path=path, action=action, diff=_difference(path, was, becomes)))
    return GenerationChanges(number=number, since=former, files=tuple(found), left_out=max(0, len(paths) - _MOST_FILES))


def _difference(path: str, was: str | None, becomes: str | None) -> str:
    if was is None or becomes is None:
        return ""
    lines = difflib.unified_diff(was.splitlines(), becomes.splitlines(), path, path, lineterm="")
    text = "\n".join(lines)
    return text if len(text) <= _MOST_DIFF_CHARACTERS else f"{text[:_MOST_DIFF_CHARACTERS]}\n… more is not shown"


def _text(path: Path) -> str | None:
    """Return the text of a file, None where it is too long or holds other bytes."""
    try:
        content = path.read_bytes() if path.stat().st_size <= _MOST_FILE_BYTES else None
        return None if content is None else content.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None

"""What no policy may touch: the agent's own state folder, which holds its keys, its journal and its identity."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from vigo.catalog.api import ReadFiles
from vigo.catalog.ops import Op
from vigo.core.errors import InvalidError

MAX_LINKS = 40
"""How many symlinks one path may lead through. Source: path_resolution(7)."""


class Guardrail:
    """Refuses operations on protected folders, whichever symlinks lead there. The folders are paths on the host."""

    def __init__(self, files: ReadFiles, folders: Iterable[str] = ()) -> None:
        self._files = files
        self._folders = tuple(PurePosixPath(folder) for folder in folders)

    def check(self, op: Op) -> None:
        """Accept an operation that leaves the protected folders alone.

        Raises:
            InvalidError: it would write to, remove or move aside one of them or what is in it.
        """
        for path in op.paths() if self._folders else ():
            reached = self._resolved(path)
            for folder in self._folders:
                if folder in (reached, *reached.parents) or (op.takes_away() and reached in folder.parents):
                    raise InvalidError(
                        f"{op.summary()}: refused, since {folder} holds Vigo's own state (its keys and its journal);"
                        " choose another path"
                    )

    def _resolved(self, path: str) -> PurePosixPath:
        """Return where a path leads once the symlinks in its parents are followed; its last part is not."""
        pending = list(reversed(PurePosixPath(path).parts[1:]))
        reached = PurePosixPath("/")
        links = 0
        while pending:
            part = pending.pop()
            if part == "..":
                reached = reached.parent
                continue
            target = self._files.read_link(str(reached / part)) if pending else None
            if target is None:
                reached /= part
                continue
            links += 1
            if links > MAX_LINKS:
                raise InvalidError(f"{path}: expected at most {MAX_LINKS} symlinks on the way, found more; a loop?")
            if target.startswith("/"):
                reached = PurePosixPath("/")
            pending.extend(reversed([step for step in PurePosixPath(target).parts if step != "/"]))
        return reached

"""What no policy may touch: Vigo's own state (keys, journal), its programs, and what starts them."""

from collections.abc import Iterable

from vigo.catalog.api import ReadFiles
from vigo.catalog.ops import Op, Run
from vigo.catalog.paths import entry_path
from vigo.catalog.protected import harmed_by
from vigo.core.errors import InvalidError


class Guardrail:
    """Refuses operations on protected folders, whichever symlinks lead there. The folders are paths on the host."""

    def __init__(self, files: ReadFiles, folders: Iterable[str] = ()) -> None:
        self._files = files
        self._folders = tuple(f"{folder}/" for folder in folders)

    def check(self, op: Op) -> None:
        """Accept an operation that leaves what is Vigo's own alone.

        Raises:
            InvalidError: it would write to, remove or move aside one of the folders or what is in it, or stop Vigo.
            UnavailableError: its path leads through more symlinks than the kernel follows.
        """
        for thing in harmed_by(op.argv) if isinstance(op, Run) else ():
            subject, _, name = thing.partition(":")
            raise InvalidError(
                f"{op.summary()}: refused, since it would take away or stop the {subject} {name}, which keeps this"
                " machine as it is declared; leave it out of the policy"
            )
        for path in op.paths() if self._folders else ():
            reached = f"{entry_path(self._files, path).rstrip('/')}/"
            for folder in self._folders:
                if reached.startswith(folder) or (op.takes_away() and folder.startswith(reached)):
                    raise InvalidError(
                        f"{op.summary()}: refused, since {folder.rstrip('/')} is Vigo's own (its keys and journal, its"
                        " programs, or what starts it); choose another path"
                    )

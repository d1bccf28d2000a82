"""What tells of changes in folders, as the watching sees it."""

from typing import NamedTuple, Protocol


class FolderEvent(NamedTuple):
    """Something happened to a name in a watched folder.

    With `is_lost` the folder itself is watched no longer (removed, moved, unmounted); with `is_overflow`, which is
    about no folder, events were lost.
    """

    handle: int
    name: str = ""
    is_lost: bool = False
    is_overflow: bool = False


class FolderEvents(Protocol):
    """Tells which names come, go, are written or get other attributes in folders."""

    def fileno(self) -> int:
        """Return the descriptor that can be read when there are events."""
        ...

    def add(self, folder: str) -> int | None:
        """Watch a folder of the host and return its handle, or None where there is none.

        A folder that is watched already keeps its handle.

        Raises:
            BlockedError: this machine allows no more.
        """
        ...

    def remove(self, handle: int) -> None:
        """Watch a folder no longer."""
        ...

    def read(self) -> tuple[FolderEvent, ...]:
        """Return what happened since, without waiting."""
        ...

    def close(self) -> None:
        """Watch nothing any more."""
        ...

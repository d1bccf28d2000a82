"""A machine that tells of changes, as far as a test lets it."""

import os
from contextlib import suppress

from vigo.agent.watching.folder_events import FolderEvent
from vigo.core.errors import BlockedError


class FakeFolderEvents:
    """Fulfils `FolderEvents`. `there` are the folders of the machine; a test puts events into `waiting`."""

    def __init__(self, *there: str, most: int = 1_000) -> None:
        self.there = {"/", *there}
        self.handles: dict[str, int] = {}
        self.waiting: list[FolderEvent] = []
        self.reads = 0
        self.most = most
        self._next = 1
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)

    def fileno(self) -> int:
        return self._reader

    def add(self, folder: str) -> int | None:
        if folder not in self.there:
            return None
        if folder not in self.handles:
            if len(self.handles) >= self.most:
                raise BlockedError("no more")
            self.handles[folder] = self._next
            self._next += 1
        return self.handles[folder]

    def remove(self, handle: int) -> None:
        self.handles = {folder: one for folder, one in self.handles.items() if one != handle}

    def tell(self, folder: str, name: str) -> None:
        self._tell(FolderEvent(self.handles[folder], name))

    def lose(self, folder: str) -> None:
        handle = self.handles.pop(folder)
        self.there.discard(folder)
        self._tell(FolderEvent(handle, is_lost=True))

    def overflow(self) -> None:
        self._tell(FolderEvent(-1, is_overflow=True))

    def read(self) -> tuple[FolderEvent, ...]:
        self.reads += 1
        with suppress(BlockingIOError):
            os.read(self._reader, 65536)
        told, self.waiting = tuple(self.waiting), []
        return told

    def close(self) -> None:
        os.close(self._reader)
        os.close(self._writer)
        self._reader = self._writer = -1

    def _tell(self, event: FolderEvent) -> None:
        self.waiting.append(event)
        os.write(self._writer, b"!")

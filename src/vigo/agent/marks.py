"""Marks of the orders that were carried out, so that none is carried out twice, whatever happens in between."""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from vigo.agent.identity.files import make_private_folder, sync_folder
from vigo.core.encoding import decode, encode
from vigo.core.errors import DamagedError, UnavailableError

MARGIN: Final = timedelta(days=1)
"""A mark is kept for so long after its order has lapsed: the clock may be set back."""

SUFFIX: Final = ".mark"


class Mark(msgspec.Struct, frozen=True):
    """An order came to this envoy. Whatever became of it, it is not carried out again."""

    not_after: datetime
    started_at: datetime


class Marks:
    """The marks in one folder, by the UUIDs of the orders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, order: str, not_after: datetime, now: datetime) -> bool:
        """Note durably that an order is carried out; return False where that was noted before.

        Raises:
            UnavailableError: it cannot be noted, so the order must not be carried out.
        """
        make_private_folder(self.folder)
        path = self._path(order)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(encode(Mark(not_after, now)))
                stream.flush()
                os.fsync(descriptor)
            sync_folder(self.folder)
        except FileExistsError:
            return False
        except OSError as error:
            raise UnavailableError(f"{path}: cannot be written: {error.strerror}; free some space") from error
        return True

    def has(self, order: str) -> bool:
        """Return whether an order was ever carried out here."""
        return self._path(order).exists()

    def is_over(self, order: str, now: datetime) -> bool:
        """Return whether a marked order lapsed so long ago that nobody has it carried out again."""
        path = self._path(order)
        try:
            return decode(path.read_bytes(), Mark).not_after + MARGIN < now
        except DamagedError:  # as long as any could count
            return path.stat().st_mtime + 32 * MARGIN.total_seconds() < now.timestamp()

    def drop(self, order: str) -> None:
        """Forget an order."""
        self._path(order).unlink(missing_ok=True)

    def named(self, suffix: str = SUFFIX) -> list[str]:
        """Return the names in the folder that end so, without that, sorted; none where there is no folder."""
        try:
            names = sorted(path.name for path in self.folder.iterdir())
        except FileNotFoundError:
            return []
        return [name.removesuffix(suffix) for name in names if name.endswith(suffix) and name != suffix]

    def _path(self, order: str) -> Path:
        return self.folder / f"{order}{SUFFIX}"

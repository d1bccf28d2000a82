"""What an agent keeps of tasks on its disk, so that none is run twice and no end is lost."""

import logging
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Final

import msgspec

from vigo.agent.identity.files import write_private
from vigo.agent.marks import SUFFIX as MARK
from vigo.agent.marks import Marks
from vigo.core.encoding import decode, encode
from vigo.core.errors import DamagedError, InvalidError, UnavailableError
from vigo.core.ids import TaskId, parse_task_id
from vigo.core.task import HEAD_BYTES, TAIL_BYTES, TaskEnd

FOLDER: Final = "tasks"
_OUTPUT, _END = ".output", ".end"

_log = logging.getLogger(__name__)


class Kept(msgspec.Struct, frozen=True):
    """How a task ended, with the last part of its output, where that begins, and the first part in its own file."""

    end: TaskEnd
    tail: bytes = b""
    tail_from: int = 0


class TaskRecords:
    """The tasks of one state folder. Each has a mark from before its start on, its output, and its end."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / FOLDER
        self._marks = Marks(self._folder)

    def begin(self, task: TaskId, not_after: datetime, now: datetime) -> bool:
        """Note durably that a task is started; return False where that was noted before.

        Raises:
            UnavailableError: it cannot be noted, so the task must not be started.
        """
        return self._marks.begin(task, not_after, now)

    def is_marked(self, task: TaskId) -> bool:
        """Return whether a task was ever started here."""
        return self._marks.has(task)

    def output(self, task: TaskId) -> IO[bytes]:
        """Return the file that takes the first part of a task's output as it comes.

        Raises:
            UnavailableError: it cannot be opened.
        """
        path = self._path(task, _OUTPUT)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            return os.fdopen(os.open(path, flags, 0o600), "wb", buffering=0)
        except OSError as error:
            raise UnavailableError(f"{path}: cannot be written: {error.strerror}; free some space") from error

    def head(self, task: TaskId) -> bytes:
        """Return the first part of what a task printed, as far as it is kept."""
        try:
            with self._path(task, _OUTPUT).open("rb") as stream:
                return stream.read(HEAD_BYTES)
        except OSError:
            return b""

    def finish(self, task: TaskId, kept: Kept) -> None:
        """Note durably how a task ended.

        Raises:
            UnavailableError: it cannot be noted.
        """
        write_private(self._path(task, _END), encode(kept))

    def ended(self, task: TaskId) -> Kept | None:
        """Return how a task ended, None while that is unknown or once it was forgotten."""
        try:
            return decode(self._path(task, _END).read_bytes(), Kept)
        except OSError:
            return None
        except DamagedError as error:
            _log.warning("the end of a task is damaged task=%s reason=%s", task, error)
            return Kept(TaskEnd(state="lost", reason="what the agent kept of this task's end is damaged"))

    def forget(self, task: TaskId) -> None:
        """Drop what the server has stored; the mark stays."""
        for suffix in (_END, _OUTPUT):
            self._path(task, suffix).unlink(missing_ok=True)

    def give_up(self, reason: str) -> None:
        """Note that the tasks without an end are lost: it is unknown how they went.

        Raises:
            UnavailableError: it cannot be noted.
        """
        for task in self._named(_OUTPUT):
            if not self._path(task, _END).exists():
                size = len(self.head(task))
                self.finish(task, Kept(TaskEnd(state="lost", reason=reason, output_bytes=size)))

    def prune(self, now: datetime) -> None:
        """Drop all that is kept of orders that lapsed long ago; the server that gave them does not ask any more."""
        for task in self._named(MARK):
            if self._marks.is_over(task, now):
                self.forget(task)
                self._marks.drop(task)

    def _named(self, suffix: str) -> list[TaskId]:
        found: list[TaskId] = []
        for name in self._marks.named(suffix):
            with suppress(InvalidError):
                found.append(parse_task_id(name))
        return found

    def _path(self, task: TaskId, suffix: str) -> Path:
        return self._folder / f"{task}{suffix}"


class TaskOutput:
    """What a task prints: the first part in memory and on the disk, the last part in memory, what is between counted.

    Another thread adds; `read` is for the event loop.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._head = bytearray()
        self._tail = bytearray()
        self.total_bytes = 0

    def add(self, data: bytes) -> None:
        """Take the next part. A disk that is full costs only what a killed agent would have told."""
        self.total_bytes += len(data)
        room = HEAD_BYTES - len(self._head)
        if room > 0:
            self._head += data[:room]
            try:
                self._stream.write(data[:room])
            except OSError as error:
                _log.warning("output is not kept on the disk reason=%s", error.strerror)
        self._tail += data[max(room, 0) :]
        if len(self._tail) > 2 * TAIL_BYTES:  # not at each byte: what is kept would be moved each time
            del self._tail[:-TAIL_BYTES]

    def read(self, start: int, most: int) -> bytes:
        """Return what is kept of the first part from a byte on."""
        return bytes(self._head[start : start + most])

    def tail(self) -> tuple[bytes, int]:
        """Return the last part, and where it begins in all that was printed."""
        tail = bytes(self._tail[-TAIL_BYTES:])
        return tail, self.total_bytes - len(tail)

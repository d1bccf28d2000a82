"""The one thread that writes: jobs that wait together are committed together, so one disk flush serves many."""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from vigo.core.errors import UnavailableError

T = TypeVar("T")
Job = Callable[[Connection], T]

_log = logging.getLogger(__name__)

MOST_IN_ONE_COMMIT: Final = 500
# Beyond this the callers wait longer than a call may last anyway.
_MOST_WAITING: Final = 20_000


class _Task(NamedTuple):
    job: Job[Any]
    then: Callable[[Any], None] | None
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class Writer:
    """Runs jobs on the writing connection. A job that fails is undone alone; a commit that fails undoes all in it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tasks: queue.Queue[_Task | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._work, name="database writer", daemon=True)
        self._thread.start()

    async def submit(self, job: Job[T], then: Callable[[T], None] | None = None) -> T:
        """Return what the job returned, once it is committed and on the disk.

        `then` gets it first, on the event loop, and also when the caller was cancelled meanwhile: what is kept in
        memory of the database must follow every commit.

        Raises:
            UnavailableError: it could not be written; nothing of it is stored.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        try:
            self._tasks.put_nowait(_Task(job, then, future, loop))
        except queue.Full:
            raise UnavailableError(
                "the database writer is far behind; the disk may be slow or full; try again later"
            ) from None
        # The job goes on when its caller is gone, so the caller's end must not cancel it.
        return await asyncio.shield(future)

    def close(self) -> None:
        """Finish what waits and end the thread."""
        self._tasks.put(None)
        self._thread.join()

    def _work(self) -> None:
        is_open = True
        while is_open:
            batch, is_open = self._batch()
            if batch:
                _settle(batch, self._committed(batch))

    def _batch(self) -> tuple[list[_Task], bool]:
        batch: list[_Task] = []
        task = self._tasks.get()
        while task is not None:
            batch.append(task)
            if len(batch) == MOST_IN_ONE_COMMIT:
                return batch, True
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _committed(self, batch: list[_Task]) -> list[Any]:
        try:
            with self._engine.begin() as connection:
                return [_run(connection, task.job) for task in batch]
        except Exception as error:  # noqa: BLE001 - the thread must survive; each caller gets the error
            _log.exception("the database refused a commit of %d jobs", len(batch))
            failure = UnavailableError(
                f"the database cannot be written: {_first_cause(error)}; look at the data folder's disk (`df -h`)"
            )
            return [failure] * len(batch)


def _first_cause(error: BaseException) -> BaseException:
    """Return what went wrong first: undoing a step that SQLite undid itself fails too, and hides it."""
    while error.__context__ is not None:
        error = error.__context__
    return error


def _run(connection: Connection, job: Job[Any]) -> Any:
    try:
        with connection.begin_nested():
            return job(connection)
    except OperationalError:
        # The disk or the file: SQLite may have rolled the whole transaction back already.
        raise
    except Exception as error:  # noqa: BLE001 - its caller gets it
        return error


def _settle(batch: list[_Task], outcomes: list[Any]) -> None:
    for task, outcome in zip(batch, outcomes, strict=True):
        # A loop that is closed has nobody who waits; the thread goes on for the others.
        with suppress(RuntimeError):
            task.loop.call_soon_threadsafe(_resolve, task, outcome)


def _resolve(task: _Task, outcome: Any) -> None:
    if isinstance(outcome, Exception):
        task.future.set_exception(outcome)
        return
    try:
        if task.then is not None:
            task.then(outcome)
    except Exception as error:  # noqa: BLE001 - its caller gets it; without an answer it would wait for ever
        task.future.set_exception(error)
        return
    task.future.set_result(outcome)

"""The database as the features see it: jobs that write, jobs that read."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine

from vigo.server.platform.db.engine import READERS, reading_engine, writing_engine
from vigo.server.platform.db.integrity import check_integrity
from vigo.server.platform.db.migrate import migrate
from vigo.server.platform.db.writer import Writer

T = TypeVar("T")


class Database:
    """An open database of the present schema."""

    def __init__(self, path: Path) -> None:
        """Open, check and migrate.

        Raises:
            DamagedError: the file is none of ours or fails SQLite's own check.
            UnavailableError: it cannot be opened, or a newer vigosrv wrote it.
        """
        self.path = path
        self.writing: Engine = writing_engine(path)
        try:
            check_integrity(self.writing, path)
            migrate(self.writing, path)
        except BaseException:
            self.writing.dispose()
            raise
        self.reading: Engine = reading_engine(path)
        self._writer = Writer(self.writing)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="database reader")

    async def write(self, job: Callable[[Connection], T], then: Callable[[T], None] | None = None) -> T:
        """Return what the job returned, once it is durable. `then` gets it first, even if the caller is gone by then.

        Raises:
            UnavailableError: it could not be written; nothing of it is stored.
        """
        # So that what the job notes says from where it came, though another thread does it.
        context = copy_context()
        return await self._writer.submit(lambda connection: context.run(job, connection), then)

    async def read(self, job: Callable[[Connection], T]) -> T:
        """Return what the job returned; it sees one state of the database throughout."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, job)

    def read_now(self, job: Callable[[Connection], T]) -> T:
        """Return what the job returned, from this very thread. For starts, which nobody waits behind."""
        with self.reading.begin() as connection:
            return job(connection)

    def close(self) -> None:
        """Write what waits and close the file."""
        self._writer.close()
        self._readers.shutdown()
        self.reading.dispose()
        self.writing.dispose()

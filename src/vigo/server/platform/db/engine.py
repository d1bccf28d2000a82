"""Connections to SQLite: one that writes, several that only read."""

import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

READERS: Final = 4
_BUSY_MS: Final = 10_000


def writing_engine(path: Path) -> Engine:
    """Return the engine of the one connection that writes; a commit is on the disk when it returns.

    Source: sqlite.org/pragma.html, journal_mode and synchronous.
    """
    return _engine(path, pool_size=1, begin="BEGIN IMMEDIATE", pragmas=("journal_mode = WAL", "synchronous = FULL"))


def reading_engine(path: Path) -> Engine:
    """Return the engine of connections that cannot write."""
    return _engine(path, pool_size=READERS, begin="BEGIN", pragmas=("query_only = ON",))


def _engine(path: Path, *, pool_size: int, begin: str, pragmas: tuple[str, ...]) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,  # errors are logged, and values may be anybody's
        connect_args={"check_same_thread": False, "timeout": _BUSY_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver would begin transactions by its own rules; ours begin where the engine says.
        connection.isolation_level = None
        for pragma in ("foreign_keys = ON", *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine

"""Is the database file what it should be? Asked at each start."""

from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, OperationalError

from vigo.core.errors import DamagedError, UnavailableError, VigoError


def check_integrity(engine: Engine, path: Path) -> None:
    """Accept a sound or new database. Source: sqlite.org/pragma.html, quick_check.

    Raises:
        DamagedError: it is damaged. It is left as it is, since it says who is enrolled.
        UnavailableError: it cannot be opened.
    """
    try:
        with engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(3)").scalars().all()
            connection.rollback()
    except OperationalError as error:
        raise UnavailableError(
            f"{path}: cannot be opened: {error.orig}; check the data folder's disk (`df -h`), its rights, and that it"
            " is not read-only"
        ) from error
    except DatabaseError as error:
        raise _damaged(path, str(error.orig)) from error
    if found != ["ok"]:
        raise _damaged(path, "; ".join(str(line) for line in found))


def _damaged(path: Path, found: str) -> VigoError:
    return DamagedError(
        f"{path}: damaged ({' '.join(found.split())}); restore it from a backup, or rescue it with `sqlite3 {path}"
        " .recover`. Without it every machine has to enrol again; their policy goes on being applied meanwhile"
    )

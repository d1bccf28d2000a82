"""Bringing a database to the present schema. Alembic is imported only where there is something to do."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DatabaseError

from vigo.core.errors import UnavailableError
from vigo.server.platform.db.tables import HEAD

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def migrate(engine: Engine, path: Path) -> None:
    """Apply the migrations that are missing, all or none.

    Raises:
        UnavailableError: the schema is newer than this vigosrv, or a migration failed.
    """
    if present_version(engine) == HEAD:
        return
    from alembic import command  # noqa: PLC0415 - 0.2 s that a start with nothing to migrate saves
    from alembic.util import CommandError  # noqa: PLC0415 - the same

    config = alembic_config()
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise UnavailableError(
            f"{path}: its schema {present_version(engine)} is unknown to this vigosrv ({HEAD}); a newer version wrote"
            " it: install that version, or restore a backup from before the update"
        ) from error
    except DatabaseError as error:
        raise UnavailableError(
            f"{path}: cannot be migrated to schema {HEAD}: {error.orig}; nothing was changed"
        ) from error


def present_version(engine: Engine) -> str | None:
    """Return the schema's version, or None for a new database."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return None if version is None else str(version)


def alembic_config() -> "Config":
    """Return Alembic's configuration for our migrations."""
    from alembic.config import Config  # noqa: PLC0415 - see `migrate`

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config

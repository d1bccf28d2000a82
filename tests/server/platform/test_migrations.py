from pathlib import Path

from alembic import command
from sqlalchemy import Engine, insert, inspect, select

from vigo.server.platform.db.database import Database
from vigo.server.platform.db.engine import writing_engine
from vigo.server.platform.db.migrate import alembic_config, present_version
from vigo.server.platform.db.tables import HEAD, freezes, generations
from vigo.testing.clock import START

ROW = {"number": 1, "digest": "0" * 64, "author": "ada", "message": "first", "published_at": START}


def _of_the_first_version(path: Path) -> Engine:
    engine, config = writing_engine(path), alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(insert(generations).values(ROW))
    return engine


def test_a_database_of_the_first_version_gets_what_is_new_and_keeps_what_it_has(tmp_path: Path) -> None:
    engine = _of_the_first_version(tmp_path / "vigo.db")
    assert present_version(engine) == "0001"
    assert not inspect(engine).has_table(freezes.name)
    engine.dispose()
    database = Database(tmp_path / "vigo.db")
    assert present_version(database.writing) == HEAD
    assert database.read_now(lambda connection: connection.execute(select(generations)).one().message) == "first"
    assert database.read_now(lambda connection: connection.execute(select(freezes)).all()) == []
    database.close()

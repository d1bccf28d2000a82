import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from vigo.core.errors import ConflictError, DamagedError, UnavailableError
from vigo.server.platform.db.database import Database
from vigo.server.platform.db.migrate import alembic_config
from vigo.server.platform.db.tables import HEAD, envoys, metadata


def _add_note(connection: Connection, number: int) -> None:
    connection.execute(text("INSERT INTO notes VALUES (:number)"), {"number": number})


def _notes(connection: Connection) -> list[int]:
    return list(connection.execute(text("SELECT number FROM notes ORDER BY number")).scalars())


@pytest.fixture
def database(tmp_path: Path) -> "Database":  # type: ignore[misc] # a generator fixture
    opened = Database(tmp_path / "vigo.db")
    yield opened
    opened.close()


def test_the_migrations_make_exactly_the_tables_in_the_code(database: Database) -> None:
    with database.writing.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        connection.rollback()
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD


def test_a_start_with_nothing_to_migrate_changes_nothing(tmp_path: Path) -> None:
    Database(tmp_path / "vigo.db").close()
    before = (tmp_path / "vigo.db").read_bytes()
    Database(tmp_path / "vigo.db").close()
    assert (tmp_path / "vigo.db").read_bytes() == before


def test_a_schema_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    database = Database(tmp_path / "vigo.db")
    asyncio.run(
        database.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num='9999'")))
    )
    database.close()
    with pytest.raises(UnavailableError, match="a newer version wrote it"):
        Database(tmp_path / "vigo.db")


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "vigo.db"
    path.write_bytes(b"not a database, but longer than a header" * 100)
    with pytest.raises(DamagedError, match="restore it from a backup"):
        Database(path)
    assert path.read_bytes().startswith(b"not a database")


def test_a_damaged_page_is_noticed_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "vigo.db"
    Database(path).close()
    content = bytearray(path.read_bytes())
    content[4096 : 4096 * 3] = b"\xff" * 8192
    path.write_bytes(content)
    with pytest.raises(DamagedError):
        Database(path)


def test_jobs_that_wait_together_share_one_commit(database: Database) -> None:
    commits: list[object] = []
    event.listen(database.writing, "commit", commits.append)

    async def many() -> None:
        await database.write(lambda connection: connection.execute(text("CREATE TABLE notes (number INTEGER)")))
        commits.clear()
        await asyncio.gather(
            *(database.write(lambda connection, n=number: _add_note(connection, n)) for number in range(200))
        )  # type: ignore[misc] # a default binds the loop's value

    asyncio.run(many())
    assert database.read_now(_notes) == list(range(200))
    assert len(commits) < 100


def test_a_job_that_fails_is_undone_alone(database: Database) -> None:
    def failing(connection: Connection) -> None:
        _add_note(connection, 2)
        raise ConflictError("no")

    async def three() -> list[object]:
        await database.write(lambda connection: connection.execute(text("CREATE TABLE notes (number INTEGER)")))
        return list(
            await asyncio.gather(
                database.write(lambda connection: _add_note(connection, 1)),
                database.write(failing),
                database.write(lambda connection: _add_note(connection, 3)),
                return_exceptions=True,
            )
        )

    outcomes = asyncio.run(three())
    assert isinstance(outcomes[1], ConflictError)
    assert database.read_now(_notes) == [1, 3]


def test_a_full_disk_is_an_error_to_its_caller_and_the_writer_lives(database: Database) -> None:
    def limited(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 40")

    def large(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE blobs (content BLOB)"))
        connection.execute(text("INSERT INTO blobs VALUES (zeroblob(1000000))"))

    async def both() -> None:
        await database.write(limited)
        with pytest.raises(UnavailableError, match="full"):
            await database.write(large)
        assert await database.write(lambda connection: connection.execute(text("SELECT 1")).scalar()) == 1

    asyncio.run(both())


def test_what_follows_a_commit_happens_though_its_caller_is_gone(database: Database) -> None:
    followed: list[int] = []

    async def cancelled() -> None:
        task = asyncio.create_task(database.write(lambda _connection: 7, followed.append))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await database.write(lambda _connection: None)

    asyncio.run(cancelled())
    assert followed == [7]


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(OperationalError, match="readonly"):
        database.read_now(lambda connection: connection.execute(insert(envoys).values(id="x")))
    assert database.read_now(lambda connection: connection.execute(select(envoys)).all()) == []


def test_a_fault_in_what_follows_a_commit_reaches_its_caller_instead_of_nobody(database: Database) -> None:
    def fault(_: int) -> None:
        raise ConflictError("memory does not fit the database")

    with pytest.raises(ConflictError, match="memory does not fit"):
        asyncio.run(database.write(lambda _connection: 7, fault))


def test_an_error_of_the_database_shows_no_values(database: Database) -> None:
    with pytest.raises(IntegrityError) as caught:
        asyncio.run(database.write(lambda connection: connection.execute(insert(envoys).values(id="the value"))))
    assert "the value" not in str(caught.value)

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from vigo.core.errors import DamagedError
from vigo.server.platform.audit.trail import Act, Trail, verify
from vigo.server.platform.db.database import Database
from vigo.testing.clock import FakeClock


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "vigo.db")
    trail = Trail(FakeClock())

    async def fill() -> None:
        for number in range(5):
            act = Act(actor="admin", action="test", subject=str(number), detail={"n": number})
            await opened.write(lambda connection, act=act: trail.append(connection, act))  # type: ignore[misc] # a default binds the loop's value

    asyncio.run(fill())
    yield opened
    opened.close()


def test_a_trail_that_nobody_touched_holds(database: Database) -> None:
    assert database.read_now(verify).rows == 5


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor='someone else' WHERE number=3",
        "UPDATE audit SET at=at+1 WHERE number=5",
        "DELETE FROM audit WHERE number=2",
        "DELETE FROM audit WHERE number=1",
        "UPDATE audit SET number=CASE number WHEN 2 THEN 3 ELSE 2 END + 10 WHERE number IN (2, 3)",
    ],
)
def test_30_a_row_that_was_altered_dropped_or_moved_is_noticed(database: Database, statement: str) -> None:
    asyncio.run(database.write(lambda connection: connection.execute(text(statement))))
    with pytest.raises(DamagedError, match="audit trail does not hold"):
        database.read_now(verify)

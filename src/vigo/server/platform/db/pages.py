"""Pages of what is counted: the newest first."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, select


def newest(
    connection: Connection, table: Table, before: int | None, limit: int
) -> tuple[Sequence[Row[Any]], int | None]:
    """Return rows of a table with a `number`, from the newest or from before a number on, and where others begin."""
    query = select(table).order_by(table.c.number.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(table.c.number < before)
    rows = connection.execute(query).all()
    shown = rows[:limit]
    return shown, shown[-1].number if len(rows) > limit else None

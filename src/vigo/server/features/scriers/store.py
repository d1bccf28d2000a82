"""Sessions in the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from vigo.core.ids import EnvoyId, ScrierId
from vigo.server.features.scriers.models import ScrierItem
from vigo.server.platform.db.pages import newest
from vigo.server.platform.db.tables import scriers


def add(connection: Connection, item: ScrierItem) -> None:
    """Store one that is being opened."""
    connection.execute(
        insert(scriers).values(
            id=item.id,
            envoy_id=item.envoy,
            hostname=item.hostname,
            kind=item.kind,
            user=item.user,
            port=item.port,
            operator=item.operator,
            opened_at=item.opened_at,
            reason="",
            input_bytes=0,
            output_bytes=0,
        )
    )


def finish(connection: Connection, item: ScrierItem) -> None:
    """Store how one ended."""
    connection.execute(
        update(scriers)
        .where(scriers.c.id == item.id)
        .values(
            ended_at=item.ended_at,
            exit_code=item.exit_code,
            reason=item.reason,
            input_bytes=item.input_bytes,
            output_bytes=item.output_bytes,
        )
    )


def going_on(connection: Connection) -> list[ScrierItem]:
    """Return those that have no end."""
    return [_item(row) for row in connection.execute(select(scriers).where(scriers.c.ended_at.is_(None)))]


def page(connection: Connection, before: int | None, limit: int) -> tuple[tuple[ScrierItem, ...], int | None]:
    """Return a page of them, the newest first, and where the next one begins."""
    rows, following = newest(connection, scriers, before, limit)
    return tuple(_item(row) for row in rows), following


def find(connection: Connection, scrier: ScrierId) -> ScrierItem | None:
    """Return one, or None where it is not stored."""
    row = connection.execute(select(scriers).where(scriers.c.id == scrier)).first()
    return None if row is None else _item(row)


def ended_before(connection: Connection, moment: datetime) -> list[ScrierId]:
    """Return those that ended before a moment."""
    return [ScrierId(row.id) for row in connection.execute(select(scriers.c.id).where(scriers.c.ended_at < moment))]


def remove(connection: Connection, scrier: ScrierId) -> None:
    """Delete one."""
    connection.execute(delete(scriers).where(scriers.c.id == scrier))


def _item(row: Row[Any]) -> ScrierItem:
    return ScrierItem(
        id=ScrierId(row.id),
        envoy=EnvoyId(row.envoy_id),
        hostname=row.hostname,
        kind=row.kind,
        user=row.user,
        port=row.port,
        operator=row.operator,
        state="open" if row.ended_at is None else "ended",
        opened_at=row.opened_at,
        ended_at=row.ended_at,
        exit_code=row.exit_code,
        reason=row.reason,
        input_bytes=row.input_bytes,
        output_bytes=row.output_bytes,
    )

"""Deliveries in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from vigo.server.features.notifications.models import Delivery, Happening, State
from vigo.server.platform.db.pages import newest
from vigo.server.platform.db.tables import audit, notifications


def add(connection: Connection, deliveries: Sequence[Delivery], at: datetime) -> None:
    """Store deliveries that wait."""
    if deliveries:
        connection.execute(insert(notifications), [_row(one) | {"created_at": at} for one in deliveries])


def put(connection: Connection, delivery: Delivery) -> None:
    """Store how far a delivery is."""
    changed = {name: getattr(delivery, name) for name in ("state", "attempts", "next_at", "problem")}
    connection.execute(update(notifications).where(notifications.c.id == delivery.id).values(changed))


def due(connection: Connection, now: datetime, limit: int) -> list[Delivery]:
    """Return deliveries whose time has come, the oldest first."""
    is_due = (notifications.c.state == "waiting") & (notifications.c.next_at <= now)
    query = select(notifications).where(is_due).order_by(notifications.c.number).limit(limit)
    return [_delivery(row) for row in connection.execute(query).mappings()]


def find(connection: Connection, delivery_id: str) -> Delivery | None:
    """Return a delivery by its id."""
    row = connection.execute(select(notifications).where(notifications.c.id == delivery_id)).mappings().first()
    return None if row is None else _delivery(row)


def page(
    connection: Connection, state: State | None, before: int | None, limit: int
) -> tuple[tuple[Delivery, ...], int | None]:
    """Return a page of deliveries, the newest first, and where the next one begins."""
    if state is None:
        rows, following = newest(connection, notifications, before, limit)
        return tuple(_delivery(row._mapping) for row in rows), following  # noqa: SLF001 - the documented name
    query = select(notifications).where(notifications.c.state == state).order_by(notifications.c.number.desc())
    if before is not None:
        query = query.where(notifications.c.number < before)
    found = connection.execute(query.limit(limit + 1)).mappings().all()
    return tuple(_delivery(row) for row in found[:limit]), found[limit - 1]["number"] if len(found) > limit else None


def counts(connection: Connection) -> dict[tuple[str, State], int]:
    """Return how many deliveries of each channel are how."""
    query = select(notifications.c.channel, notifications.c.state, func.count()).group_by(
        notifications.c.channel, notifications.c.state
    )
    return {(channel, state): count for channel, state, count in connection.execute(query)}


def prune(connection: Connection, before: datetime) -> None:
    """Forget what was sent, or given up, before a moment."""
    is_over = (notifications.c.state != "waiting") & (notifications.c.created_at < before)
    connection.execute(delete(notifications).where(is_over))


def acts_after(connection: Connection, number: int) -> list[dict[str, Any]]:
    """Return the acts behind a number, the oldest first."""
    query = select(audit).where(audit.c.number > number).order_by(audit.c.number).limit(1000)
    return [dict(row) for row in connection.execute(query).mappings()]


def last_act(connection: Connection) -> int:
    """Return the number of the newest act."""
    return connection.execute(select(func.max(audit.c.number))).scalar() or 0


def _row(delivery: Delivery) -> dict[str, Any]:
    return msgspec.structs.asdict(delivery) | {"happening": msgspec.json.encode(delivery.happening).decode()}


def _delivery(row: RowMapping) -> Delivery:
    names = ("id", "channel", "state", "attempts", "next_at", "problem")
    return Delivery(
        **{name: row[name] for name in names}, happening=msgspec.json.decode(row["happening"], type=Happening)
    )

"""The audit trail in the database, to be read."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from vigo.server.features.audit.models import AuditFilter, AuditItem
from vigo.server.platform.audit.trail import row_of
from vigo.server.platform.db.tables import audit


def page(connection: Connection, wanted: AuditFilter) -> tuple[tuple[AuditItem, ...], int | None]:
    """Return a page of acts, the newest first, and where the next one begins."""
    query = select(audit).order_by(audit.c.number.desc()).limit(wanted.limit + 1)
    for name in ("actor", "subject", "outcome"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(audit.c[name] == value)
    if wanted.action is not None:
        begins = wanted.action.endswith(".")
        is_meant = (
            audit.c.action.startswith(wanted.action, autoescape=True) if begins else audit.c.action == wanted.action
        )
        query = query.where(is_meant)
    if wanted.before is not None:
        query = query.where(audit.c.number < wanted.before)
    rows = connection.execute(query).all()
    shown = rows[: wanted.limit]
    return tuple(_item(row) for row in shown), shown[-1].number if len(rows) > wanted.limit else None


def after(connection: Connection, number: int, limit: int) -> Sequence[AuditItem]:
    """Return acts that follow a number, the oldest first."""
    query = select(audit).where(audit.c.number > number).order_by(audit.c.number).limit(limit)
    return [_item(row) for row in connection.execute(query)]


def _item(found: Row[Any]) -> AuditItem:
    row = row_of(found)
    return AuditItem(**msgspec.structs.asdict(row) | {"detail": msgspec.json.decode(row.detail)}, hash=found.hash)

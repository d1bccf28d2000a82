"""Machines that wait for approval, in the database."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from vigo.core.ids import EnvoyId
from vigo.server.features.enrolment.models import Waiting
from vigo.server.platform.db.tables import waiting_enrolments as table


def put(connection: Connection, waiting: Waiting) -> None:
    """Store a machine that asks, in the place of what it asked before."""
    connection.execute(delete(table).where(table.c.signing_key == waiting.signing_key))
    values = msgspec.structs.asdict(waiting)
    connection.execute(insert(table).values(envoy_id=values.pop("envoy"), **values))


def find(connection: Connection, signing_key: bytes) -> Waiting | None:
    """Return what is known of the machine with this key."""
    row = connection.execute(select(table).where(table.c.signing_key == signing_key)).first()
    return None if row is None else _waiting(row)


def everyone(connection: Connection) -> tuple[Waiting, ...]:
    """Return all that did not come in, those that asked first before the others."""
    query = select(table).where(table.c.envoy_id.is_(None)).order_by(table.c.asked_at, table.c.signing_key)
    return tuple(map(_waiting, connection.execute(query)))


def counts(connection: Connection, source: str) -> tuple[int, int]:
    """Return how many rows there are, and how many of them one address caused."""
    every = connection.execute(select(func.count()).select_from(table)).scalar_one()
    own = connection.execute(select(func.count()).select_from(table).where(table.c.source == source)).scalar_one()
    return every, own


def use(connection: Connection, signing_key: bytes, envoy: EnvoyId) -> bool:
    """Remember who came in by an approval; return False where it was used already, or denied meanwhile."""
    used = connection.execute(
        update(table)
        .where(table.c.signing_key == signing_key, table.c.state == "approved", table.c.envoy_id.is_(None))
        .values(envoy_id=envoy)
    )
    return used.rowcount == 1


def remove_expired(connection: Connection, now: datetime) -> None:
    """Forget those whose time is over."""
    connection.execute(delete(table).where(table.c.expires_at <= now))


def _waiting(row: Row[tuple[object, ...]]) -> Waiting:
    return Waiting(
        signing_key=bytes(row.signing_key),
        hostname=row.hostname,
        source=row.source,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        state=row.state,
        decided_by=row.decided_by,
        labels=row.labels,
        envoy=None if row.envoy_id is None else EnvoyId(row.envoy_id),
    )

"""Generations in the database: a copy of the manifests, for lists; and the freezes."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from vigo.core.ids import Digest, GenerationNumber
from vigo.server.features.generations.models import Freeze, Generation, Manifest
from vigo.server.platform.db.tables import freezes, generations


def add(connection: Connection, manifest: Manifest) -> None:
    """Store a generation."""
    connection.execute(
        insert(generations).values(
            number=manifest.number,
            digest=manifest.digest,
            author=manifest.author,
            message=manifest.message,
            published_at=manifest.published_at,
        )
    )


def numbers(connection: Connection) -> set[GenerationNumber]:
    """Return the numbers that are taken."""
    return {GenerationNumber(number) for number in connection.execute(select(generations.c.number)).scalars()}


def newest_first(
    connection: Connection, live: GenerationNumber | None, before: GenerationNumber | None, limit: int
) -> tuple[Generation, ...]:
    """Return generations below a number."""
    query = select(generations).order_by(generations.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(generations.c.number < before)
    return tuple(
        Generation(
            number=GenerationNumber(row.number),
            digest=Digest(row.digest),
            message=row.message,
            author=row.author,
            published_at=row.published_at,
            live=row.number == live,
        )
        for row in connection.execute(query)
    )


def add_freeze(connection: Connection, freeze: Freeze) -> None:
    """Store a freeze, which takes the place of the one before."""
    connection.execute(
        insert(freezes).values(
            until=freeze.until, reason=freeze.reason, frozen_by=freeze.frozen_by, frozen_at=freeze.frozen_at
        )
    )


def freeze_in_force(connection: Connection, now: datetime) -> Freeze | None:
    """Return the newest freeze, unless it has lapsed or was lifted."""
    row = connection.execute(select(freezes).order_by(freezes.c.number.desc()).limit(1)).first()
    if row is None or row.lifted_at is not None or row.until <= now:
        return None
    return Freeze(until=row.until, reason=row.reason, frozen_by=row.frozen_by, frozen_at=row.frozen_at)


def lift_freeze(connection: Connection, now: datetime) -> None:
    """End whatever freeze is in force."""
    connection.execute(update(freezes).where(freezes.c.lifted_at.is_(None)).values(lifted_at=now))

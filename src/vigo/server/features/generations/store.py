"""Generations in the database: a copy of the manifests, for lists."""

from sqlalchemy import Connection, insert, select

from vigo.core.ids import Digest, GenerationNumber
from vigo.server.features.generations.models import Generation, Manifest
from vigo.server.platform.db.tables import generations


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

"""Access tokens in the database: their digests, never their text."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from vigo.core.ids import Digest
from vigo.server.features.access.models import AccessToken
from vigo.server.platform.db.tables import access_tokens


def add(connection: Connection, token: AccessToken, secret: Digest) -> None:
    """Store a token."""
    connection.execute(
        insert(access_tokens).values(
            id=token.id,
            name=token.name,
            secret_sha256=secret,
            created_at=token.created_at,
            created_by=token.created_by,
            expires_at=token.expires_at,
        )
    )


def in_force(connection: Connection) -> dict[Digest, AccessToken]:
    """Return every token that was not withdrawn, by its digest."""
    rows = connection.execute(select(access_tokens).where(access_tokens.c.revoked_at.is_(None)))
    return {
        Digest(row.secret_sha256): AccessToken(
            id=row.id,
            name=row.name,
            created_at=row.created_at,
            created_by=row.created_by,
            expires_at=row.expires_at,
        )
        for row in rows
    }


def withdraw(connection: Connection, token_id: str, at: datetime) -> None:
    """Mark a token as withdrawn; its row stays, since the audit trail names it."""
    connection.execute(update(access_tokens).where(access_tokens.c.id == token_id).values(revoked_at=at))

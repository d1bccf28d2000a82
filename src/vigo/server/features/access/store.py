"""Access tokens in the database: their digests, never their text."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, insert, select, update

from vigo.core.ids import Digest
from vigo.server.features.access.models import AccessToken
from vigo.server.platform.auth.table import Permission
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
            permissions=None if token.permissions is None else msgspec.json.encode(token.permissions).decode(),
            match=None if token.match is None else msgspec.json.encode(token.match).decode(),
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
            permissions=_permissions(row.permissions),
            match=None if row.match is None else msgspec.json.decode(row.match, type=tuple[str, ...]),
            last_used_at=row.last_used_at,
        )
        for row in rows
    }


def _permissions(text: str | None) -> tuple[Permission, ...] | None:
    """Return what a token may do. A right that this version does not know is none."""
    if text is None:
        return None
    names = msgspec.json.decode(text, type=tuple[str, ...])
    return tuple(Permission(name) for name in names if name in set(Permission))


def withdraw(connection: Connection, token_id: str, at: datetime) -> None:
    """Mark a token as withdrawn; its row stays, since the audit trail names it."""
    connection.execute(update(access_tokens).where(access_tokens.c.id == token_id).values(revoked_at=at))


def note_uses(connection: Connection, uses: dict[str, datetime]) -> None:
    """Store when tokens were used last."""
    for token_id, at in uses.items():
        connection.execute(update(access_tokens).where(access_tokens.c.id == token_id).values(last_used_at=at))

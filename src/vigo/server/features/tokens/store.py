"""Enrolment tokens in the database: their digests, never their text."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import Connection, Row, delete, insert, select, update

from vigo.core.ids import Digest, EnvoyId
from vigo.server.features.tokens.models import Token
from vigo.server.platform.db.tables import enrolment_tokens, token_uses


def add(connection: Connection, token: Token, secret: Digest) -> None:
    """Store a token."""
    connection.execute(
        insert(enrolment_tokens).values(
            id=token.id,
            secret_sha256=secret,
            hostname=token.hostname,
            created_at=token.created_at,
            created_by=token.created_by,
            expires_at=token.expires_at,
            uses=token.uses,
            uses_left=token.uses_left,
            labels=token.labels,
        )
    )


def by_secret(connection: Connection, secret: Digest) -> Token | None:
    """Return the token with this digest, unless it was withdrawn."""
    row = connection.execute(
        select(enrolment_tokens).where(
            enrolment_tokens.c.secret_sha256 == secret, enrolment_tokens.c.revoked_at.is_(None)
        )
    ).first()
    return None if row is None else _token(row, ())


def in_force(connection: Connection) -> tuple[Token, ...]:
    """Return every token that was not withdrawn, the newest first, with who used it."""
    used: dict[str, list[str]] = defaultdict(list)
    for use in connection.execute(select(token_uses).order_by(token_uses.c.used_at)):
        used[use.token_id].append(use.hostname)
    rows = connection.execute(
        select(enrolment_tokens)
        .where(enrolment_tokens.c.revoked_at.is_(None))
        .order_by(enrolment_tokens.c.created_at.desc(), enrolment_tokens.c.id)
    )
    return tuple(_token(row, tuple(used[row.id])) for row in rows)


def take_use(connection: Connection, token_id: str) -> bool:
    """Take one use; return False when none is left. One statement, so two racing enrolments cannot share one."""
    taken = connection.execute(
        update(enrolment_tokens)
        .where(
            enrolment_tokens.c.id == token_id,
            enrolment_tokens.c.uses_left > 0,
            enrolment_tokens.c.revoked_at.is_(None),
        )
        .values(uses_left=enrolment_tokens.c.uses_left - 1)
    )
    return taken.rowcount == 1


def add_use(connection: Connection, token_id: str, envoy: EnvoyId, hostname: str, at: datetime) -> None:
    """Remember who used it. An envoy that was enrolled anew is remembered by its last token alone."""
    connection.execute(delete(token_uses).where(token_uses.c.envoy_id == envoy))
    connection.execute(insert(token_uses).values(token_id=token_id, envoy_id=envoy, hostname=hostname, used_at=at))


def token_of(connection: Connection, envoy: EnvoyId) -> str | None:
    """Return the id of the token that an envoy enrolled with."""
    return connection.execute(select(token_uses.c.token_id).where(token_uses.c.envoy_id == envoy)).scalar()


def withdraw(connection: Connection, token_id: str, at: datetime) -> bool:
    """Mark a token as withdrawn; return False when there is none. The row stays, since envoys refer to it."""
    done = connection.execute(
        update(enrolment_tokens)
        .where(enrolment_tokens.c.id == token_id, enrolment_tokens.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    return done.rowcount == 1


def _token(row: Row[tuple[object, ...]], used_by: tuple[str, ...]) -> Token:
    return Token(
        id=row.id,
        hostname=row.hostname,
        created_at=row.created_at,
        expires_at=row.expires_at,
        uses=row.uses,
        uses_left=row.uses_left,
        created_by=row.created_by,
        used_by=used_by,
        labels=row.labels,
    )

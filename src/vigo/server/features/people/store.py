"""People and their sessions in the database."""

import msgspec
from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from vigo.core.ids import Digest
from vigo.server.features.people.models import User, WebSession
from vigo.server.platform.db.tables import users, web_sessions

_LISTS = ("roles", "match")


def everybody(connection: Connection) -> list[User]:
    """Return everybody."""
    return [_user(row) for row in connection.execute(select(users)).mappings()]


def find(connection: Connection, user_id: str) -> User | None:
    """Return somebody as the transaction sees them."""
    row = connection.execute(select(users).where(users.c.id == user_id)).mappings().first()
    return None if row is None else _user(row)


def is_taken(connection: Connection, name: str) -> bool:
    """Return whether a name is somebody's."""
    return connection.execute(select(users.c.id).where(users.c.name == name)).first() is not None


def add(connection: Connection, user: User) -> None:
    """Store somebody new."""
    connection.execute(insert(users).values(_row(user)))


def put(connection: Connection, user: User) -> None:
    """Store somebody as they are now."""
    connection.execute(update(users).where(users.c.id == user.id).values(_row(user)))


def remove(connection: Connection, user_id: str) -> None:
    """Delete somebody and their sessions. The audit trail names them by their name."""
    end_all(connection, user_id)
    connection.execute(delete(users).where(users.c.id == user_id))


def sessions(connection: Connection) -> list[WebSession]:
    """Return all sessions."""
    return [
        WebSession(row.id, row.user_id, Digest(row.secret_sha256), row.created_at, row.last_used_at, row.source)
        for row in connection.execute(select(web_sessions))
    ]


def begin(connection: Connection, session: WebSession) -> None:
    """Store a session."""
    connection.execute(
        insert(web_sessions).values(
            id=session.id,
            user_id=session.user_id,
            secret_sha256=session.secret,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            source=session.source,
        )
    )


def note_use(connection: Connection, session: WebSession) -> None:
    """Store when a session was used last."""
    connection.execute(
        update(web_sessions).where(web_sessions.c.id == session.id).values(last_used_at=session.last_used_at)
    )


def end(connection: Connection, session_id: str) -> None:
    """Delete a session."""
    connection.execute(delete(web_sessions).where(web_sessions.c.id == session_id))


def end_all(connection: Connection, user_id: str) -> None:
    """Delete somebody's sessions."""
    connection.execute(delete(web_sessions).where(web_sessions.c.user_id == user_id))


def _user(row: RowMapping) -> User:
    lists = {name: None if row[name] is None else msgspec.json.decode(row[name]) for name in _LISTS}
    return msgspec.convert({**{str(name): value for name, value in row.items()}, **lists}, User, strict=False)


def _row(user: User) -> dict[str, object]:
    row = msgspec.structs.asdict(user)
    for name in _LISTS:
        row[name] = None if row[name] is None else msgspec.json.encode(row[name]).decode()
    return row

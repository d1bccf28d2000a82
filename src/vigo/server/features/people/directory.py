"""Everybody and all sessions in memory, so that a request of somebody who is signed in asks no database."""

from collections.abc import Iterable
from datetime import datetime

from vigo.core.errors import NotFoundError
from vigo.core.ids import Digest
from vigo.server.features.people.models import User, UserItem, WebSession


class Directory:
    """People by name and sessions by the digest of their secret. Changed on the event loop only."""

    def __init__(self, users: Iterable[User], sessions: Iterable[WebSession]) -> None:
        self._users = {user.id: user for user in users}
        self._sessions = {session.secret: session for session in sessions if session.user_id in self._users}

    def user(self, user_id: str) -> User | None:
        """Return somebody by their id."""
        return self._users.get(user_id)

    def named(self, name: str) -> User | None:
        """Return somebody by their name."""
        return next((user for user in self._users.values() if user.name == name), None)

    def get(self, name: str) -> User:
        """Return somebody by their name.

        Raises:
            NotFoundError: there is nobody of that name.
        """
        found = self.named(name)
        if found is None:
            raise NotFoundError(f"expected the name of somebody, found {name[:64]!r}; `vigocli users list` shows them")
        return found

    def everybody(self) -> list[User]:
        """Return everybody by name."""
        return sorted(self._users.values(), key=lambda user: user.name)

    def put(self, user: User) -> None:
        """Take somebody in, or as they are now."""
        self._users[user.id] = user

    def remove(self, user_id: str) -> None:
        """Forget somebody, and their sessions."""
        self.end_all(user_id)
        self._users.pop(user_id, None)

    def session(self, secret: Digest) -> WebSession | None:
        """Return a session by the digest of its secret."""
        return self._sessions.get(secret)

    def session_of(self, session_id: str) -> WebSession | None:
        """Return a session by its id."""
        return next((one for one in self._sessions.values() if one.id == session_id), None)

    def sessions(self) -> list[WebSession]:
        """Return all sessions."""
        return list(self._sessions.values())

    def begin(self, session: WebSession) -> None:
        """Take a session in."""
        self._sessions[session.secret] = session

    def end(self, session_id: str) -> None:
        """Forget a session."""
        self._sessions = {secret: one for secret, one in self._sessions.items() if one.id != session_id}

    def end_all(self, user_id: str) -> None:
        """Forget somebody's sessions."""
        self._sessions = {secret: one for secret, one in self._sessions.items() if one.user_id != user_id}

    def item(self, user: User, now: datetime) -> UserItem:
        """Return somebody as they are listed."""
        return UserItem(
            name=user.name,
            roles=user.roles,
            match=user.match,
            created_at=user.created_at,
            created_by=user.created_by,
            last_signed_in_at=user.last_signed_in_at,
            disabled=user.disabled_at is not None,
            locked_until=user.locked_until if user.locked_until is not None and user.locked_until > now else None,
            has_one_time_codes=user.one_time_step is not None,
            sessions=sum(1 for one in self._sessions.values() if one.user_id == user.id),
        )

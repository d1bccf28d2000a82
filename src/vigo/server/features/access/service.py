"""Who may use the REST API: the host's root by the admin token, everyone else by an access token."""

import secrets
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.errors import InvalidError, NotFoundError
from vigo.core.ids import Digest
from vigo.server.features.access import store
from vigo.server.features.access.models import AccessToken, MintedAccessToken, NewAccessToken
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import EVERYTHING, Actor
from vigo.server.platform.auth.bearer import is_same_digest, refused_token, token_digest
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database

PREFIX: Final = "vigo-access-"
LONGEST: Final = timedelta(days=3650)
_MOST_NAME: Final = 100


class AccessService:
    """Knows every token in force; a check costs no database."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        admin_token: str,
        ca_sha256: str,
        server_url: Callable[[], str],
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._ca_sha256 = ca_sha256
        self._server_url = server_url
        self._admin = token_digest(admin_token)
        self._tokens: dict[Digest, AccessToken] = database.read_now(store.in_force)

    def replace_admin_token(self, token: str) -> None:
        """Let this be the admin token; the former one is void."""
        self._admin = token_digest(token)

    def authenticate(self, token: str) -> Actor:
        """Return who holds a token.

        Raises:
            UnauthenticatedError: nobody does.
        """
        secret = token_digest(token)
        if is_same_digest(secret, self._admin):
            return Actor("admin", EVERYTHING)
        # Looked up by its digest, so the time of a look-up tells nothing about the token.
        found = self._tokens.get(secret)
        if found is None or found.expires_at <= self._clock.now():
            raise refused_token()
        return Actor(f"token {found.name}", EVERYTHING, found.id)

    def is_in_force(self, actor: Actor) -> bool:
        """Return whether what an actor showed at some time would still be accepted now."""
        return self.acting_now(actor.name, actor.token_id) is not None

    def acting_now(self, name: str, token_id: str) -> Actor | None:
        """Return who acted at some time as it may act now, None where its token is no longer in force."""
        if not token_id:
            return Actor(name, EVERYTHING)
        now = self._clock.now()
        is_there = any(one.id == token_id and one.expires_at > now for one in self._tokens.values())
        return Actor(name, EVERYTHING, token_id) if is_there else None

    async def create(self, actor: Actor, wanted: NewAccessToken) -> MintedAccessToken:
        """Return a new token, whose text is stored nowhere.

        Raises:
            InvalidError: its name or its life is not accepted.
        """
        actor.require(Permission.WRITE_ACCESS_TOKENS)
        name = wanted.name.strip()
        if not 0 < len(name) <= _MOST_NAME or not name.isprintable():
            raise InvalidError(
                f"expected a name of 1 to {_MOST_NAME} printable characters, found {wanted.name[:120]!r}"
            )
        if not 0 < wanted.ttl_seconds <= LONGEST.total_seconds():
            raise InvalidError(
                f"expected a life of 1 second to {LONGEST.days} days, found {wanted.ttl_seconds} seconds"
            )
        now = self._clock.now()
        text = PREFIX + secrets.token_urlsafe(32)
        token = AccessToken(
            id=str(uuid.uuid4()),
            name=name,
            created_at=now,
            created_by=actor.name,
            expires_at=now + timedelta(seconds=wanted.ttl_seconds),
        )
        secret = token_digest(text)
        act = Act(actor=actor.name, action="access-token.create", subject=token.id, detail={"name": name})

        def job(connection: Connection) -> None:
            self._trail.append(connection, act)
            store.add(connection, token, secret)

        def then(_: None) -> None:
            self._tokens[secret] = token

        await self._database.write(job, then)
        return MintedAccessToken(
            token=text,
            id=token.id,
            name=name,
            expires_at=token.expires_at,
            ca_sha256=self._ca_sha256,
            server=self._server_url(),
        )

    def list(self, actor: Actor) -> tuple[AccessToken, ...]:
        """Return the tokens that are not withdrawn, the oldest first."""
        actor.require(Permission.READ_ACCESS_TOKENS)
        return tuple(sorted(self._tokens.values(), key=lambda token: (token.created_at, token.id)))

    async def withdraw(self, actor: Actor, token_id: str) -> None:
        """Make a token void at once.

        Raises:
            NotFoundError: there is no such token in force.
        """
        actor.require(Permission.WRITE_ACCESS_TOKENS)
        secret = next((digest for digest, token in self._tokens.items() if token.id == token_id), None)
        if secret is None:
            raise NotFoundError(f"expected the id of an access token, found {token_id[:60]!r}; the list shows them")
        act = Act(actor=actor.name, action="access-token.withdraw", subject=token_id)

        def job(connection: Connection) -> None:
            self._trail.append(connection, act)
            store.withdraw(connection, token_id, self._clock.now())

        def then(_: None) -> None:
            self._tokens.pop(secret, None)

        await self._database.write(job, then)

"""Who may use the REST API: the host's root by the admin token, everyone else by an access token."""

import asyncio
import logging
import secrets
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.errors import InvalidError, NotFoundError, UnavailableError
from vigo.core.ids import Digest
from vigo.core.nearest import did_you_mean
from vigo.server.features.access import store
from vigo.server.features.access.models import AccessToken, MintedAccessToken, NewAccessToken
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import EVERYTHING, Actor
from vigo.server.platform.auth.bearer import is_same_digest, refused_token, token_digest
from vigo.server.platform.auth.scope import check_scope
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database

PREFIX: Final = "vigo-access-"
LONGEST: Final = timedelta(days=3650)
_MOST_NAME: Final = 100
_AUDITED_EVERY: Final = timedelta(minutes=1)

_log = logging.getLogger(__name__)


class AccessService:
    """Knows every token in force; a check costs no database."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        admin_token: str,
        ca_sha256: Callable[[], Digest],
        server_url: Callable[[], str],
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._ca_sha256 = ca_sha256
        self._server_url = server_url
        self._admin = token_digest(admin_token)
        self._tokens: dict[Digest, AccessToken] = database.read_now(store.in_force)
        self._noting: set[asyncio.Task[None]] = set()
        self._used: dict[Digest, datetime] = {}
        self._refused_at: dict[tuple[str, Permission], timedelta] = {}

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
        found, now = self._tokens.get(secret), self._clock.now()
        if found is None or found.expires_at <= now:
            raise refused_token()
        self._used[secret] = now
        return _actor(found)

    def is_in_force(self, actor: Actor) -> bool:
        """Return whether what an actor showed at some time would still be accepted now."""
        return self.acting_now(actor.name, actor.token_id) is not None

    def acting_now(self, name: str, token_id: str) -> Actor | None:
        """Return who acted at some time as it may act now, None where its token is no longer in force."""
        if not token_id:
            return Actor(name, EVERYTHING)
        now = self._clock.now()
        found = next((one for one in self._tokens.values() if one.id == token_id and one.expires_at > now), None)
        return None if found is None else _actor(found)

    def note_refusal(self, actor: Actor, permission: Permission, path: str) -> None:
        """Have it stand in the audit trail that an actor lacks a right that it tried to use, at most once a minute."""
        now, former = self._clock.monotonic(), self._refused_at.get((actor.token_id, permission))
        if former is not None and now - former < _AUDITED_EVERY:
            return  # who tries without end shall not fill the audit trail
        self._refused_at[actor.token_id, permission] = now
        act = Act(
            actor=actor.name,
            action="access.refused",
            subject=path,
            detail={"permission": permission},
            outcome="refused",
        )

        async def noted() -> None:
            try:
                await self._database.write(lambda connection: self._trail.append(connection, act))
            except UnavailableError as error:
                _log.error("a refusal is not in the audit trail: %s", error)

        noting = asyncio.create_task(noted())
        self._noting.add(noting)
        noting.add_done_callback(self._noting.discard)

    async def create(self, actor: Actor, wanted: NewAccessToken) -> MintedAccessToken:
        """Return a new token, whose text is stored nowhere.

        Raises:
            ForbiddenError: it would be allowed more than the actor is.
            InvalidError: its name, its life, a right or a pattern is not accepted.
        """
        actor.require(Permission.WRITE_ACCESS_TOKENS)
        permissions, match = _permissions(actor, wanted.permissions), _match(actor, wanted.match)
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
            permissions=permissions,
            match=match,
        )
        secret = token_digest(text)
        act = Act(actor=actor.name, action="access-token.create", subject=token.id, detail=_detail(token))

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
            ca_sha256=self._ca_sha256(),
            server=self._server_url(),
        )

    async def note_uses(self) -> None:
        """Store when tokens were used since this was done last."""
        used, self._used = self._used, {}
        present = {secret: at for secret, at in used.items() if secret in self._tokens}
        if not present:
            return
        for secret, at in present.items():
            self._tokens[secret] = msgspec.structs.replace(self._tokens[secret], last_used_at=at)
        uses = {self._tokens[secret].id: at for secret, at in present.items()}
        await self._database.write(lambda connection: store.note_uses(connection, uses))

    def list(self, actor: Actor) -> tuple[AccessToken, ...]:
        """Return the tokens that are not withdrawn, the oldest first."""
        actor.require(Permission.READ_ACCESS_TOKENS)
        shown = (
            token if secret not in self._used else msgspec.structs.replace(token, last_used_at=self._used[secret])
            for secret, token in self._tokens.items()
        )
        return tuple(sorted(shown, key=lambda token: (token.created_at, token.id)))

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


def _actor(token: AccessToken) -> Actor:
    permissions = EVERYTHING if token.permissions is None else frozenset(token.permissions)
    return Actor(f"token {token.name}", permissions, token.id, token.match)


def _detail(token: AccessToken) -> dict[str, object]:
    """Return what the audit trail shall have of a new token."""
    limits = {"permissions": token.permissions, "match": token.match}
    return {"name": token.name, **{name: list(limit) for name, limit in limits.items() if limit is not None}}


def _permissions(actor: Actor, wanted: tuple[str, ...] | None) -> tuple[Permission, ...] | None:
    """Return the rights of a new token, None for all; nobody gives what they have not."""
    if wanted is None:
        return None if actor.permissions == EVERYTHING else tuple(sorted(actor.permissions))
    if not wanted:
        raise InvalidError("permissions: expected at least one right, found none; leave it out for all")
    known = {str(one): one for one in Permission}
    for name in wanted:
        if name not in known:
            near, all_of_them = did_you_mean(name, known), ", ".join(sorted(known))
            raise InvalidError(f"permissions: expected rights ({all_of_them}), found {name[:60]!r}{near}")
        actor.require(known[name])
    return tuple(sorted({known[name] for name in wanted}))


def _match(actor: Actor, wanted: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the machines of a new token, None for all; nobody gives what they have not."""
    if wanted is None:
        return actor.match
    return check_scope(actor, wanted)

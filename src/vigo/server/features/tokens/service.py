"""Making, listing, withdrawing and using enrolment tokens."""

import base64
import re
import secrets
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.errors import ForbiddenError, InvalidError, NotFoundError, UnauthenticatedError
from vigo.core.hostnames import check_pattern, matches
from vigo.core.ids import Digest, EnvoyId
from vigo.core.labels import check_labels
from vigo.server.features.tokens import store
from vigo.server.features.tokens.models import MintedToken, NewToken, Token
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.bearer import token_digest
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database

PREFIX: Final = "vigo-"
LONGEST: Final = timedelta(days=365)
MOST_USES: Final = 100_000
_MOST_PATTERN: Final = 500
_FORM: Final = re.compile(r"vigo-[a-z2-7]{52}")


class TokenService:
    """Enrolment tokens. `server_url` tells where enrolling machines find this server, and what is the script there."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        ca_sha256: Callable[[], Digest],
        server_url: Callable[[], str],
        script_sha256: Callable[[], Digest],
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._ca_sha256 = ca_sha256
        self._server_url = server_url
        self._script_sha256 = script_sha256

    async def create(self, actor: Actor, wanted: NewToken) -> MintedToken:
        """Return a new token, whose text is stored nowhere.

        Raises:
            InvalidError: the pattern, the life or the number of uses is not accepted.
        """
        actor.require(Permission.WRITE_TOKENS)
        _check(wanted)
        now = self._clock.now()
        text = PREFIX + base64.b32encode(secrets.token_bytes(32)).decode().rstrip("=").lower()
        token = Token(
            id=str(uuid.uuid4()),
            hostname=wanted.hostname.strip(),
            created_at=now,
            expires_at=now + timedelta(seconds=wanted.ttl_seconds),
            uses=wanted.uses,
            uses_left=wanted.uses,
            created_by=actor.name,
            labels=wanted.labels,
        )
        act = Act(
            actor=actor.name,
            action="token.create",
            subject=token.id,
            detail={
                "hostname": token.hostname,
                "uses": token.uses,
                "ttl_seconds": wanted.ttl_seconds,
                "labels": wanted.labels,
            },
        )

        def job(connection: Connection) -> None:
            self._trail.append(connection, act)
            store.add(connection, token, token_digest(text))

        await self._database.write(job)
        return MintedToken(
            token=text,
            id=token.id,
            hostname=token.hostname,
            expires_at=token.expires_at,
            uses=token.uses,
            ca_sha256=self._ca_sha256(),
            server=self._server_url(),
            bootstrap_sha256=self._script_sha256(),
        )

    async def list(self, actor: Actor) -> tuple[Token, ...]:
        """Return the tokens that are not withdrawn, the newest first."""
        actor.require(Permission.READ_TOKENS)
        return await self._database.read(store.in_force)

    async def withdraw(self, actor: Actor, token_id: str) -> None:
        """Make a token void at once; who enrolled with it stays enrolled.

        Raises:
            NotFoundError: there is no such token.
        """
        actor.require(Permission.WRITE_TOKENS)
        act = Act(actor=actor.name, action="token.withdraw", subject=token_id)

        def job(connection: Connection) -> None:
            self._trail.append(connection, act)
            if not store.withdraw(connection, token_id, self._clock.now()):
                raise NotFoundError(
                    f"expected the id of an enrolment token, found {token_id[:60]!r}; `vigocli tokens list` shows them"
                )

        await self._database.write(job)

    async def find(self, text: str, hostname: str) -> Token:
        """Return the token that a machine of this name may enrol with, as far as that can be told without using it.

        Raises:
            UnauthenticatedError: there is no such token, or it has expired.
            ForbiddenError: it is for other hostnames.
        """
        token = None
        if _FORM.fullmatch(text):
            secret = token_digest(text)
            token = await self._database.read(lambda connection: store.by_secret(connection, secret))
        if token is None:
            raise UnauthenticatedError(
                "this token is not in force; make one with `vigocli tokens create` on the server's host"
            )
        if token.expires_at <= self._clock.now():
            raise UnauthenticatedError(
                f"this token expired at {token.expires_at:%Y-%m-%d %H:%M:%S} UTC; make another with"
                " `vigocli tokens create`"
            )
        if not matches(token.hostname, hostname):
            raise ForbiddenError(
                f"this token is for hostnames like {token.hostname!r}, found {hostname!r}; give --hostname, or make"
                " another token with `vigocli tokens create`"
            )
        return token

    def use(self, connection: Connection, token: Token, envoy: EnvoyId, hostname: str) -> None:
        """Take one use for an envoy, in the transaction that makes the envoy.

        Raises:
            UnauthenticatedError: none is left, or the token was withdrawn meanwhile.
        """
        if not store.take_use(connection, token.id):
            raise UnauthenticatedError(
                f"this token has been used {token.uses} of {token.uses} times, or was withdrawn; make another with"
                " `vigocli tokens create`"
            )
        store.add_use(connection, token.id, envoy, hostname, self._clock.now())

    def was_used_by(self, connection: Connection, token: Token, envoy: EnvoyId) -> bool:
        """Return whether an envoy enrolled with this very token."""
        return store.token_of(connection, envoy) == token.id


def _check(wanted: NewToken) -> None:
    check_labels(wanted.labels)
    check_pattern(wanted.hostname)
    if len(wanted.hostname) > _MOST_PATTERN or not wanted.hostname.isprintable():
        raise InvalidError(f"expected a hostname pattern of at most {_MOST_PATTERN} printable characters")
    if not 0 < wanted.ttl_seconds <= LONGEST.total_seconds():
        raise InvalidError(f"expected a life of 1 second to {LONGEST.days} days, found {wanted.ttl_seconds} seconds")
    if not 0 < wanted.uses <= MOST_USES:
        raise InvalidError(f"expected 1 to {MOST_USES} uses, found {wanted.uses}")

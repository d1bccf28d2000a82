"""Who sends a request: the holder of a token, or somebody whose browser is signed in."""

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from vigo.core.errors import ForbiddenError
from vigo.server.platform.audit.provenance import come_from
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.bearer import bearer_token
from vigo.server.platform.auth.table import TABLE, WEB_SOCKET, Kind, Permission

COOKIE: Final = "__Host-vigo"
"""A browser sends it back to this very host over TLS alone. Source: RFC 6265bis section 4.1.3.2."""
CSRF_HEADER: Final = "X-Vigo-Csrf"
ACTOR: Final = "vigo_actor"
CSRF: Final = "vigo_csrf"
_SAFE: Final = frozenset({"GET", "HEAD"})

Connection = ASGIConnection[Any, Any, Any, Any]


class SignedIn(Protocol):
    """Somebody whose browser is signed in."""

    @property
    def actor(self) -> Actor:
        """Who."""
        ...

    @property
    def csrf(self) -> str:
        """What their pages know and nobody else's."""
        ...


class Credentials(Protocol):
    """Knows whose a token or a session is."""

    def authenticate(self, token: str) -> Actor:
        """Return who holds the token, or raise UnauthenticatedError."""
        ...

    def signed_in(self, secret: str) -> SignedIn:
        """Return who is signed in with this secret, or raise UnauthenticatedError."""
        ...

    def note_refusal(self, actor: Actor, permission: Permission, path: str) -> None:
        """Have it stand in the audit trail that an actor lacks a right that it tried to use."""
        ...


class _Shown(NamedTuple):
    actor: Actor
    csrf: str | None
    """None for a token, which no browser sends by itself."""


def guard_of(credentials: Credentials, taken: Callable[[Actor], None]) -> Guard:
    """Return the guard before every route. `taken` hears of each request, and raises where there were too many."""

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        headers = connection.headers
        come_from(
            "" if connection.client is None else connection.client.host,
            headers.get("traceparent", "").encode("latin-1") or None,
        )
        rule = TABLE.get(_row(connection))
        if rule is None:
            raise ForbiddenError("this route has no row in the authorisation table")
        if rule.kind is Kind.ANYONE:
            return
        shown = _shown(connection, credentials)
        taken(shown.actor)
        if rule.kind is Kind.SIGNED_IN:
            if shown.csrf is None:
                raise ForbiddenError("this is about the account of somebody who is signed in; a token has none")
        elif rule.kind is Kind.PERSON and rule.permission is not None:
            shown.actor.require(rule.permission)
        else:
            raise ForbiddenError("this route is not for people")
        connection.scope["state"][ACTOR] = shown.actor
        connection.scope["state"][CSRF] = shown.csrf

    return guard


def session_secret(connection: Connection) -> str | None:
    """Return the secret in a request's session cookie, None without one."""
    found = SimpleCookie()
    try:
        found.load(connection.headers.get("cookie", ""))
    except CookieError:
        return None
    morsel = found.get(COOKIE)
    return None if morsel is None else morsel.value


def require_own_origin(connection: Connection) -> None:
    """Return when a request comes from a page of this server.

    Raises:
        ForbiddenError: another site's page sent it, or it does not say which.
    """
    headers = connection.headers
    origin, host = headers.get("origin"), headers.get("host", "")
    if origin is None or urlsplit(origin).netloc.lower() != host.lower() or urlsplit(origin).scheme != "https":
        raise ForbiddenError("expected a request of a page of this server, found another origin; open the page anew")


def _shown(connection: Connection, credentials: Credentials) -> _Shown:
    secret = None if "authorization" in connection.headers else session_secret(connection)
    if secret is None:
        return _Shown(credentials.authenticate(bearer_token(connection.scope["headers"])), None)
    signed_in = credentials.signed_in(secret)
    is_socket = connection.scope["type"] == ScopeType.WEBSOCKET
    if is_socket or connection.scope.get("method") not in _SAFE:
        require_own_origin(connection)
        # A page of another origin cannot open a socket with an origin of ours, nor read what ours know.
        if not is_socket and connection.headers.get(CSRF_HEADER, "") != signed_in.csrf:
            raise ForbiddenError(f"expected the page's own {CSRF_HEADER} in the request, found another; open it anew")
    return _Shown(signed_in.actor, signed_in.csrf)


def _row(connection: Connection) -> tuple[str, str]:
    verb = WEB_SOCKET if connection.scope["type"] == ScopeType.WEBSOCKET else str(connection.scope.get("method", ""))
    if verb == "HEAD":
        verb = "GET"
    return verb, str(connection.scope["path_template"])


def acting(connection: Connection) -> Actor:
    """Return who sent a request that the guard let in."""
    actor = connection.scope["state"][ACTOR]
    assert isinstance(actor, Actor)  # noqa: S101 - the guard put it there
    return actor


def csrf_of(connection: Connection) -> str:
    """Return what the page that is being made has to send back; empty for a token."""
    return str(connection.scope["state"].get(CSRF) or "")

"""The HTTPS application: routes from the features, credentials from one guard, errors as problem details."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from litestar import Litestar, Request, Response, get
from litestar.connection import ASGIConnection
from litestar.datastructures import ResponseHeader
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.types import ControllerRouterHandler

from vigo.core.errors import ForbiddenError, VigoError
from vigo.server.platform.auth.actor import Actor, MissingRightError
from vigo.server.platform.auth.bearer import bearer_token
from vigo.server.platform.auth.table import TABLE, WEB_SOCKET, Kind, Permission
from vigo.server.platform.web.front_page import FRONT_PAGE
from vigo.server.platform.web.openapi_document import openapi_route
from vigo.server.platform.web.problem import on_depth, on_fault, on_http_error, on_other_text, on_vigo_error

_MOST_BODY_BYTES: Final = 1024 * 1024
# Nothing here runs scripts or is framed by others; a browser need not guess types. Source: OWASP secure headers.
_HEADERS: Final = (
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)
ACTOR: Final = "vigo_actor"


class Credentials(Protocol):
    """Knows whose a token is."""

    def authenticate(self, token: str) -> Actor:
        """Return who holds the token, or raise UnauthenticatedError."""
        ...

    def note_refusal(self, actor: Actor, permission: Permission, path: str) -> None:
        """Have it stand in the audit trail that an actor lacks a right that it tried to use."""
        ...


@get("/", media_type="text/html", sync_to_thread=False, include_in_schema=False)
def front_page() -> str:
    """Say what this is and where to go."""
    return FRONT_PAGE


@get("/healthz", media_type="text/plain", sync_to_thread=False, summary="Whether the server answers")
def healthz() -> str:
    """Return `ok`. Needs no credentials and says nothing else."""
    return "ok\n"


def web_application(routes: Sequence[ControllerRouterHandler], credentials: Credentials) -> Litestar:
    """Return the application behind the HTTPS listener."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        rule = TABLE.get(_row(connection))
        if rule is None:
            raise ForbiddenError("this route has no row in the authorisation table")
        if rule.kind is Kind.ANYONE:
            return
        actor = credentials.authenticate(bearer_token(connection.scope["headers"]))
        if rule.kind is not Kind.PERSON or rule.permission is None:
            raise ForbiddenError("this route is not for people")
        actor.require(rule.permission)
        connection.scope["state"][ACTOR] = actor

    def on_missing_right(request: Request[Any, Any, Any], error: MissingRightError) -> Response[Any]:
        credentials.note_refusal(error.actor, error.permission, request.scope["path"])
        return on_vigo_error(request, error)

    return Litestar(
        [front_page, healthz, openapi_route([healthz, *routes]), *routes],
        guards=[guard],
        exception_handlers={
            MissingRightError: on_missing_right,
            VigoError: on_vigo_error,
            HTTPException: on_http_error,
            RecursionError: on_depth,
            UnicodeDecodeError: on_other_text,
            Exception: on_fault,
        },
        openapi_config=None,
        response_headers=[ResponseHeader(name=name, value=value) for name, value in _HEADERS],
        request_max_body_size=_MOST_BODY_BYTES,
        logging_config=None,
        debug=False,
    )


def acting(request: ASGIConnection[Any, Any, Any, Any]) -> Actor:
    """Return who sent a request that the guard let in."""
    actor = request.scope["state"][ACTOR]
    assert isinstance(actor, Actor)  # noqa: S101 - the guard put it there
    return actor


def no_content() -> Response[None]:
    """Return the answer of a deletion."""
    return Response(None, status_code=204)


def _row(connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[str, str]:
    verb = WEB_SOCKET if connection.scope["type"] == ScopeType.WEBSOCKET else str(connection.scope.get("method", ""))
    if verb == "HEAD":
        verb = "GET"
    return verb, str(connection.scope["path_template"])

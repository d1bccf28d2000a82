"""The HTTPS application: routes from the features, credentials from one guard, errors as problem details."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from litestar import Litestar, Request, Response, get
from litestar.datastructures import ResponseHeader
from litestar.exceptions import HTTPException
from litestar.types import ControllerRouterHandler

from vigo.core.errors import InvalidError, NotFoundError, VigoError
from vigo.server.platform.auth.actor import Actor, MissingRightError
from vigo.server.platform.web.guarding import Credentials, acting, guard_of
from vigo.server.platform.web.openapi_document import openapi_route
from vigo.server.platform.web.problem import (
    http_detail,
    on_depth,
    on_fault,
    on_http_error,
    on_other_text,
    on_vigo_error,
)

__all__ = ["acting", "no_content", "web_application"]

_MOST_BODY_BYTES: Final = 1024 * 1024
_PROGRAMS: Final = ("/api/", "/bootstrap", "/metrics", "/healthz")
# Nothing here runs scripts or is framed by others; a browser need not guess types. Source: OWASP secure headers.
_HEADERS: Final = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),  # with no-referrer a browser says of a form that it comes from nowhere
    ("Cache-Control", "no-store"),
)
_OF_PAGES: Final[dict[int, type[VigoError]]] = {400: InvalidError, 404: NotFoundError, 405: InvalidError}
"""What the framework refuses -> how a person is told."""

PageErrors = Callable[[Request[Any, Any, Any], VigoError], Response[Any]]
"""How an error of a page is shown to a person."""


@get("/healthz", media_type="text/plain", sync_to_thread=False, summary="Whether the server answers")
def healthz() -> str:
    """Return `ok`. Needs no credentials and says nothing else."""
    return "ok\n"


def web_application(
    routes: Sequence[ControllerRouterHandler],
    pages: Sequence[ControllerRouterHandler],
    credentials: Credentials,
    on_page_error: PageErrors,
    taken: Callable[[Actor], None],
) -> Litestar:
    """Return the application behind the HTTPS listener. Pages are shown to people, and stand in no API document."""

    def answer(request: Request[Any, Any, Any], error: VigoError) -> Response[Any]:
        found = on_vigo_error(request, error) if is_of_programs(request) else on_page_error(request, error)
        return _guarded(found)

    def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
        if is_of_programs(request) or error.status_code not in _OF_PAGES:
            return _guarded(on_http_error(request, error))
        return answer(request, _OF_PAGES[error.status_code](http_detail(error)))

    def on_missing_right(request: Request[Any, Any, Any], error: MissingRightError) -> Response[Any]:
        credentials.note_refusal(error.actor, error.permission, request.scope["path"])
        return answer(request, error)

    return Litestar(
        [healthz, openapi_route([healthz, *routes]), *routes, *pages],
        guards=[guard_of(credentials, taken)],
        exception_handlers={
            MissingRightError: on_missing_right,
            VigoError: answer,
            HTTPException: on_http,
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


def is_of_programs(request: Request[Any, Any, Any]) -> bool:
    """Return whether a request is for programs, which get problem details, and not for a page."""
    return request.scope["path"].startswith(_PROGRAMS)


def _guarded(answer: Response[Any]) -> Response[Any]:
    """Return an answer with the headers that all have: what no route answers lacks them otherwise."""
    for name, value in _HEADERS:
        answer.headers.setdefault(name, value)
    return answer


def no_content() -> Response[None]:
    """Return the answer of a deletion."""
    return Response(None, status_code=204)

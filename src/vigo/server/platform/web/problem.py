"""Errors over HTTP: problem details. Source: RFC 9457; `code` and `diagnostics` are our own members."""

import logging
import secrets
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from vigo.core.errors import CODES, TooManyError, VigoError

_log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
_BY_STATUS: Final = {400: "invalid", 401: "unauthenticated", 403: "forbidden", 404: "not-found", 413: "too-large"}
_INTERNAL: Final = 500


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a client reads about an error."""

    title: str
    status: int
    detail: str
    code: str
    diagnostics: tuple[Any, ...] | None = None
    type: str = "about:blank"


def problem_response(problem: Problem) -> Response[dict[str, Any]]:
    """Return the answer that carries a problem."""
    body = msgspec.to_builtins(problem) | {"type": problem.type}
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == HTTPStatus.UNAUTHORIZED else {}
    return Response(body, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def on_vigo_error(_request: Request[Any, Any, Any], error: VigoError) -> Response[dict[str, Any]]:
    """Answer with the error's own code and text."""
    status = CODES[error.code].http_status
    diagnostics = getattr(error, "diagnostics", None)
    answer = problem_response(
        Problem(
            title=error.code.replace("-", " "),
            status=status,
            detail=str(error),
            code=error.code,
            diagnostics=None if diagnostics is None else tuple(diagnostics),
        )
    )
    if isinstance(error, TooManyError):
        answer.headers["Retry-After"] = str(error.retry_seconds)
    return answer


def on_http_error(_request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    """Answer what the web framework refuses: no such route, a body of another shape."""
    if error.status_code >= _INTERNAL:
        return on_fault(_request, error)
    detail = http_detail(error)
    code = _BY_STATUS.get(error.status_code, "invalid")
    title = HTTPStatus(error.status_code).phrase
    return problem_response(Problem(title=title, status=error.status_code, detail=detail or title, code=code))


def http_detail(error: HTTPException) -> str:
    """Return what the web framework has to say of a request: of one that it cannot read, each field's fault."""
    if isinstance(error, ValidationException) and error.extra:
        found = error.extra if isinstance(error.extra, list) else [error.extra]
        return "; ".join(_validation_text(item) for item in found)
    return error.detail


def on_depth(_request: Request[Any, Any, Any], _error: RecursionError) -> Response[dict[str, Any]]:
    """Answer a body that is nested so deeply that the parser gave up; nothing of ours recurses."""
    detail = "expected a body of a few levels, found one that is nested too deeply"
    return problem_response(Problem(title="invalid", status=400, detail=detail, code="invalid"))


def on_other_text(_request: Request[Any, Any, Any], _error: UnicodeDecodeError) -> Response[dict[str, Any]]:
    """Answer a body whose texts are no UTF-8, which the parser tells in a way of its own; we decode none ourselves."""
    detail = "expected a body whose texts are UTF-8, found other bytes in it"
    return problem_response(Problem(title="invalid", status=400, detail=detail, code="invalid"))


def on_fault(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """Answer a fault of Vigo with a reference into the log, and nothing of its inside."""
    reference = secrets.token_hex(4)
    _log.error("%s %s failed, reference %s", request.method, request.url.path, reference, exc_info=error)
    detail = f"a fault in Vigo; the server's log has it under reference {reference}"
    return problem_response(Problem(title="internal error", status=_INTERNAL, detail=detail, code="internal"))


def _validation_text(item: Any) -> str:
    if isinstance(item, dict):
        key = item.get("key")
        message = str(item.get("message", "not accepted"))
        return f"{key}: {message}" if key else message
    return str(item)

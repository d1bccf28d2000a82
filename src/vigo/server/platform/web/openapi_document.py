"""The OpenAPI document of the REST API, made from the routes' types when it is first asked for."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
from litestar import Litestar, Response, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ControllerRouterHandler

from vigo import __version__
from vigo.core.errors import CODES

_CONFIG = OpenAPIConfig(
    title="Vigo",
    version=__version__,
    components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
    security=[{"token": []}],
)

_PROBLEM: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "What went wrong. Source: RFC 9457; `code` and `diagnostics` are Vigo's own members.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": sorted(CODES)},
        "diagnostics": {"type": "array", "items": {"type": "object"}},
    },
}
_REFUSED: Final[dict[str, Any]] = {
    "description": "It was refused, or failed.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def openapi_route(routes: Sequence[ControllerRouterHandler]) -> ControllerRouterHandler:
    """Return the route that serves the document of the given routes.

    The framework's own way would add pages and catch-all routes that have no row in the authorisation table, so the
    document comes from an application that serves nothing.
    """

    @lru_cache(maxsize=1)
    def document() -> bytes:
        described = Litestar(list(routes), openapi_config=_CONFIG, logging_config=None)
        return msgspec.json.encode(_with_problems(described.openapi_schema.to_schema()))

    @get("/api/v1/openapi.json", sync_to_thread=False, include_in_schema=False)
    def openapi() -> Response[bytes]:
        return Response(document(), media_type="application/json")

    return openapi


def _with_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a document in which each operation says how it tells an error: there is one form for all of them."""
    schema["components"].setdefault("schemas", {})["Problem"] = _PROBLEM
    for operations in schema["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict) and "responses" in operation:
                operation["responses"].pop("400", None)  # the framework's own form, which nothing of ours has
                operation["responses"]["default"] = _REFUSED
    return schema

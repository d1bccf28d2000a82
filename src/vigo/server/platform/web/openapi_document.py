"""The OpenAPI document of the REST API, made from the routes' types when it is first asked for."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
from litestar import Litestar, Response, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ControllerRouterHandler

from vigo import __version__

_CONFIG = OpenAPIConfig(
    title="Vigo",
    version=__version__,
    components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
    security=[{"token": []}],
)


def openapi_route(routes: Sequence[ControllerRouterHandler]) -> ControllerRouterHandler:
    """Return the route that serves the document of the given routes.

    The framework's own way would add pages and catch-all routes that have no row in the authorisation table, so the
    document comes from an application that serves nothing.
    """

    @lru_cache(maxsize=1)
    def document() -> bytes:
        described = Litestar(list(routes), openapi_config=_CONFIG, logging_config=None)
        return msgspec.json.encode(described.openapi_schema.to_schema())

    @get("/api/v1/openapi.json", sync_to_thread=False, include_in_schema=False)
    def openapi() -> Response[bytes]:
        return Response(document(), media_type="application/json")

    return openapi

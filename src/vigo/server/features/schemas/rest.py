"""`/api/v1/schemas`."""

from typing import Final

from litestar import Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from vigo.server.features.schemas.models import SchemaList
from vigo.server.features.schemas.service import ROUTE, SchemaService

_MEDIA_TYPE: Final = "application/schema+json"


def routes(service: SchemaService) -> list[ControllerRouterHandler]:
    """Return the routes of schemas."""

    @get(ROUTE, sync_to_thread=False, summary="List the JSON Schemas of .vgo files")
    def every() -> SchemaList:
        return service.every()

    @get(
        f"{ROUTE}/{{name:str}}",
        sync_to_thread=False,
        summary="The JSON Schema of one kind of .vgo file",
        media_type=_MEDIA_TYPE,
    )
    def one(name: FromPath[str]) -> Response[bytes]:
        return Response(service.text(name).encode(), media_type=_MEDIA_TYPE)

    return [every, one]

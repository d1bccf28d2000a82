"""`/api/v1/envoys`."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from vigo.core.labels import labels_of
from vigo.server.features.envoys.models import EnvoyDetail, EnvoyItem, EnvoyList, Status
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.platform.web.application import acting
from vigo.server.platform.web.paging import Limit


def routes(service: EnvoyService) -> list[ControllerRouterHandler]:
    """Return the routes of envoys."""

    @get("/api/v1/envoys", summary="List envoys by hostname", sync_to_thread=False)
    def list_envoys(
        request: Request[Any, Any, Any],
        hostname: FromQuery[str | None] = None,
        status: FromQuery[Status | None] = None,
        label: FromQuery[list[str] | None] = None,
        limit: Limit = 100,
        cursor: FromQuery[str | None] = None,
    ) -> EnvoyList:
        return service.list(acting(request), hostname, status, labels_of(label or ()), limit, cursor)

    @get("/api/v1/envoys/{name:str}", summary="Show an envoy, by hostname or UUID")
    async def show_envoy(request: Request[Any, Any, Any], name: FromPath[str]) -> EnvoyDetail:
        return await service.show(acting(request), name)

    @post("/api/v1/envoys/{name:str}/revoke", summary="Refuse an envoy from now on", status_code=200)
    async def revoke_envoy(request: Request[Any, Any, Any], name: FromPath[str]) -> EnvoyItem:
        return await service.revoke(acting(request), name)

    return [list_envoys, show_envoy, revoke_envoy]

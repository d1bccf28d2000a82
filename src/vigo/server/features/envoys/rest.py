"""`/api/v1/envoys`."""

from typing import Annotated, Any, Final

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler

from vigo.core.labels import labels_of
from vigo.server.features.envoys.models import (
    FLEET_FIELDS,
    EnvoyDetail,
    EnvoyItem,
    EnvoyList,
    FleetGroups,
    FleetPage,
    FleetSummary,
    Order,
    Status,
)
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.platform.web.application import acting
from vigo.server.platform.web.paging import Limit

_FILTER: Final = (
    f"Words like `convergence:failed,degraded -environment:test web`; the fields are {', '.join(FLEET_FIELDS)}."
)


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

    @get("/api/v1/fleet", summary="How many of the active envoys are how", sync_to_thread=False)
    def fleet_summary(request: Request[Any, Any, Any]) -> FleetSummary:
        return service.fleet.summary(acting(request))

    @get("/api/v1/fleet/envoys", summary="Envoys that fit a filter, the worst first", sync_to_thread=False)
    def fleet_envoys(
        request: Request[Any, Any, Any],
        filter_: Annotated[str, QueryParameter(name="filter", description=_FILTER)] = "",
        order: FromQuery[Order] = "worst",
        offset: Annotated[int, QueryParameter(ge=0, le=1_000_000)] = 0,
        limit: Limit = 100,
    ) -> FleetPage:
        return service.fleet.page(acting(request), filter_, order, offset, limit)

    @get("/api/v1/fleet/groups", summary="Active envoys by something they have in common", sync_to_thread=False)
    def fleet_groups(
        request: Request[Any, Any, Any],
        by: Annotated[str, QueryParameter(description="environment, role, entry, version, generation or label:NAME")],
    ) -> FleetGroups:
        return service.fleet.groups(acting(request), by)

    return [list_envoys, show_envoy, revoke_envoy, fleet_summary, fleet_envoys, fleet_groups]

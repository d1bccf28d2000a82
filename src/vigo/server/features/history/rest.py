"""`/api/v1/fleet/history`."""

from typing import Annotated, Any

from litestar import Request, get
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from vigo.server.features.history.models import FleetHistory
from vigo.server.features.history.service import HistoryService
from vigo.server.platform.web.application import acting


def routes(service: HistoryService) -> list[ControllerRouterHandler]:
    """Return the routes of the fleet's history."""

    @get("/api/v1/fleet/history", summary="How the fleet was within the last hours, and which resources drift most")
    async def fleet_history(
        request: Request[Any, Any, Any],
        hours: Annotated[int, QueryParameter(ge=1, le=24 * 366, description="How far back.")] = 24,
    ) -> FleetHistory:
        return await service.show(acting(request), hours)

    return [fleet_history]

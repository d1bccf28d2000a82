"""`/api/v1/health`."""

from typing import Any

from litestar import Request, get
from litestar.types import ControllerRouterHandler

from vigo.server.features.health.models import Health
from vigo.server.features.health.service import HealthService
from vigo.server.platform.web.application import acting


def routes(service: HealthService) -> list[ControllerRouterHandler]:
    """Return the routes of health."""

    @get("/api/v1/health", summary="Look at everything that can quietly go wrong")
    async def look(request: Request[Any, Any, Any]) -> Health:
        return await service.look(acting(request))

    return [look]

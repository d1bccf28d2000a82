"""`/api/v1/envoys/NAME/explain`."""

from typing import Any

from litestar import Request, get
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from vigo.server.features.explaining.service import ExplainingService
from vigo.server.platform.web.application import acting


def routes(service: ExplainingService) -> list[ControllerRouterHandler]:
    """Return the route of explanations."""

    @get("/api/v1/envoys/{name:str}/explain", summary="Why an envoy gets what it gets, or one resource or variable")
    async def explain_envoy(
        request: Request[Any, Any, Any], name: FromPath[str], subject: FromQuery[str] = ""
    ) -> dict[str, Any]:
        return await service.explain(acting(request), name, subject)

    return [explain_envoy]

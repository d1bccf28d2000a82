"""`/api/v1/plan`."""

from typing import Annotated, Any

from litestar import Request, get
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from vigo.server.features.planning.models import PlanFilter, StagePlan
from vigo.server.features.planning.service import PlanningService
from vigo.server.platform.web.application import acting

Host = Annotated[str | None, QueryParameter(description="Only envoys with such a name: exact, a glob or `~regex`.")]
Environment = Annotated[str | None, QueryParameter(description="Only envoys that are in it before or after.")]
Full = Annotated[bool, QueryParameter(description="Every envoy and every line, not the first ones of each.")]


def routes(service: PlanningService) -> list[ControllerRouterHandler]:
    """Return the route of plans."""

    @get("/api/v1/plan", summary="Compare the stacks with the live generation for the whole fleet")
    async def plan_stacks(
        request: Request[Any, Any, Any], *, host: Host = None, environment: Environment = None, full: Full = False
    ) -> StagePlan:
        return await service.plan(acting(request), PlanFilter(host=host, environment=environment), in_full=full)

    return [plan_stacks]

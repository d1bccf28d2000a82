"""`/api/v1/runs`."""

from typing import Any

from litestar import Request, get
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from vigo.core.run import Outcome
from vigo.server.features.runs.models import RunDetail, RunFilter, RunList
from vigo.server.features.runs.service import RunService
from vigo.server.platform.web.application import acting
from vigo.server.platform.web.paging import Limit, number_cursor


def routes(service: RunService) -> list[ControllerRouterHandler]:
    """Return the routes of runs."""

    @get("/api/v1/runs", summary="List runs, the latest to arrive first")
    async def list_runs(
        request: Request[Any, Any, Any],
        envoy: FromQuery[str | None] = None,
        outcome: FromQuery[Outcome | None] = None,
        limit: Limit = 100,
        cursor: FromQuery[str | None] = None,
    ) -> RunList:
        wanted = RunFilter(envoy=envoy, outcome=outcome, before=number_cursor(cursor), limit=limit)
        return await service.list(acting(request), wanted)

    @get("/api/v1/runs/{run_id:str}", summary="Show a run with the outcome of every resource")
    async def show_run(request: Request[Any, Any, Any], run_id: FromPath[str]) -> RunDetail:
        return await service.show(acting(request), run_id)

    return [list_runs, show_run]

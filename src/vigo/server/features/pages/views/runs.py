"""What agents did."""

from typing import Any

from litestar import Response, get
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from vigo.core.run import OUTCOMES, Outcome
from vigo.server.features.pages.parts import Parts
from vigo.server.features.pages.rendering import PageRequest, Pages
from vigo.server.features.runs.models import RunFilter, RunItem
from vigo.server.platform.web.csv_text import csv_response
from vigo.server.platform.web.guarding import acting
from vigo.server.platform.web.paging import Limit, number_cursor


def routes(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    """Return the pages of runs."""

    @get("/runs")
    async def runs_page(
        request: PageRequest,
        envoy: FromQuery[str] = "",
        outcome: FromQuery[str] = "",
        limit: Limit = 100,
        cursor: FromQuery[str | None] = None,
        part: FromQuery[str] = "",
    ) -> Response[Any]:
        chosen: Outcome | None = next((one for one in OUTCOMES if one == outcome), None)
        wanted = RunFilter(
            envoy=envoy.strip() or None,
            outcome=chosen,
            before=number_cursor(cursor),
            limit=1000 if part == "csv" else limit,
        )
        found = await parts.runs.list(acting(request), wanted)
        if part == "csv":
            return csv_response("runs", found.items, RunItem)
        template = "runs_rows.html" if part == "rows" else "runs.html"
        content: dict[str, Any] = {"runs": found, "envoy": envoy, "outcome": chosen or "", "outcomes": OUTCOMES}
        return pages.response(request, template, **content)

    @get("/runs/{run_id:str}")
    async def run_page(request: PageRequest, run_id: FromPath[str]) -> Response[Any]:
        run = await parts.runs.show(acting(request), run_id)
        return pages.response(request, "run.html", run=run, outcomes=OUTCOMES)

    return [runs_page, run_page]

"""The fleet at a glance."""

from typing import Annotated, Any, Final

from litestar import Response, get
from litestar.params import FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler

from vigo.core.errors import InvalidError
from vigo.server.features.envoys.models import FLEET_FIELDS, EnvoyItem, Order
from vigo.server.features.pages.drawing import convergence_chart, drift_chart, latency_chart
from vigo.server.features.pages.parts import Parts
from vigo.server.features.pages.rendering import PageRequest, Pages
from vigo.server.platform.web.csv_text import csv_response
from vigo.server.platform.web.guarding import acting
from vigo.server.platform.web.paging import Limit

_MOST_EXPORTED: Final = 1_000_000
_HOURS: Final = (24, 24 * 7, 24 * 30)


def routes(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    """Return the page of the fleet."""

    @get("/fleet")
    async def fleet(
        request: PageRequest,
        filter_: Annotated[str, QueryParameter(name="filter")] = "",
        order: FromQuery[Order] = "worst",
        offset: Annotated[int, QueryParameter(ge=0, le=1_000_000)] = 0,
        limit: Limit = 100,
        part: FromQuery[str] = "",
        hours: FromQuery[int] = 24,
        by: FromQuery[str] = "environment",
    ) -> Response[Any]:
        actor = acting(request)
        if part == "csv":
            everyone = parts.envoys.fleet.page(actor, filter_, order, 0, _MOST_EXPORTED)
            return csv_response("envoys", everyone.items, EnvoyItem)
        if part == "groups":
            groups = parts.envoys.fleet.groups(actor, by)
            return pages.response(request, "fleet_groups.html", groups=groups)
        if part == "charts":
            history = await parts.history.show(actor, hours if hours in _HOURS else _HOURS[0])
            return pages.response(
                request,
                "fleet_charts.html",
                convergence=str(convergence_chart(history.samples)),
                latency=str(latency_chart(history.samples)),
                drift=str(drift_chart(history.drifting)),
                hours=hours,
            )
        problem = ""
        try:
            page = parts.envoys.fleet.page(actor, filter_, order, offset, limit)
        except InvalidError as error:
            problem, page = str(error), parts.envoys.fleet.page(actor, "", order, 0, 0)
        content: dict[str, Any] = {
            "page": page,
            "summary": parts.envoys.fleet.summary(actor),
            "filter": filter_,
            "order": order,
            "offset": offset,
            "problem": problem,
        }
        if part == "axes":
            return pages.response(request, "fleet_axes.html", **content)
        if part == "rows":
            return pages.response(request, "fleet_rows.html", **content)
        return pages.response(request, "fleet.html", fields=FLEET_FIELDS, hours=hours, **content)

    return [fleet]

"""Which controls of a framework the machines meet, who says so, and who allowed the exceptions."""

from typing import Any

from litestar import Response, get
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from vigo.server.features.compliance.models import ControlCoverage, FrameworkItem
from vigo.server.features.pages.parts import Parts
from vigo.server.features.pages.rendering import PageRequest, Pages
from vigo.server.platform.web.csv_text import csv_response
from vigo.server.platform.web.guarding import acting


def routes(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    """Return the pages of compliance."""

    @get("/compliance")
    async def compliance_page(request: PageRequest, part: FromQuery[str] = "") -> Response[Any]:
        found = await parts.compliance.frameworks(acting(request))
        if part == "csv":
            return csv_response("compliance", found.items, FrameworkItem)
        return pages.response(request, "compliance.html", frameworks=found.items)

    @get("/compliance/{framework:str}")
    async def framework_page(
        request: PageRequest, framework: FromPath[str], host: FromQuery[str] = "", part: FromQuery[str] = ""
    ) -> Response[Any]:
        report = await parts.compliance.report(
            acting(request), framework, host.strip() or None, in_full=part in ("csv", "document")
        )
        if part == "csv":
            return csv_response(f"compliance-{framework}", report.by_control, ControlCoverage)
        template = "compliance_document.html" if part == "document" else "framework.html"
        return pages.response(request, template, report=report, host=host)

    return [compliance_page, framework_page]

"""`/api/v1/compliance`."""

from typing import Any

from litestar import Request, get
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from vigo.server.features.compliance.models import ComplianceReport, FrameworkList
from vigo.server.features.compliance.service import ComplianceService
from vigo.server.platform.web.application import acting


def routes(service: ComplianceService) -> list[ControllerRouterHandler]:
    """Return the routes of compliance."""

    @get("/api/v1/compliance", summary="List frameworks, and how far each is met")
    async def list_frameworks(request: Request[Any, Any, Any]) -> FrameworkList:
        return await service.frameworks(acting(request))

    @get("/api/v1/compliance/{framework:str}", summary="A framework control by control, with evidence and waivers")
    async def report_framework(
        request: Request[Any, Any, Any],
        framework: FromPath[str],
        host: FromQuery[str | None] = None,
        full: FromQuery[bool] = False,  # noqa: FBT002 - the framework gives it by its name
    ) -> ComplianceReport:
        return await service.report(acting(request), framework, host, in_full=full)

    return [list_frameworks, report_framework]

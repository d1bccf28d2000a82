"""`/api/v1/audit`."""

from typing import Any

from litestar import Request, get
from litestar.params import FromQuery
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from vigo.server.features.audit.models import AuditChain, AuditFilter, AuditList
from vigo.server.features.audit.service import AuditService
from vigo.server.platform.web.application import acting
from vigo.server.platform.web.following import LINES, as_lines
from vigo.server.platform.web.paging import Limit, number_cursor


def routes(service: AuditService) -> list[ControllerRouterHandler]:
    """Return the routes of the audit trail."""

    @get(
        "/api/v1/audit", summary="List acts, the newest first; an action with a dot at its end means all that begin so"
    )
    async def list_acts(
        request: Request[Any, Any, Any],
        actor: FromQuery[str | None] = None,
        action: FromQuery[str | None] = None,
        subject: FromQuery[str | None] = None,
        outcome: FromQuery[str | None] = None,
        limit: Limit = 100,
        cursor: FromQuery[str | None] = None,
    ) -> AuditList:
        wanted = AuditFilter(
            actor=actor, action=action, subject=subject, outcome=outcome, before=number_cursor(cursor), limit=limit
        )
        return await service.list(acting(request), wanted)

    @get("/api/v1/audit/chain", summary="Check that no row of the trail was altered, removed or moved")
    async def check_chain(request: Request[Any, Any, Any]) -> AuditChain:
        return await service.chain(acting(request))

    @get("/api/v1/audit/export", summary="All acts, the oldest first, a JSON object a line", media_type=LINES)
    async def export_acts(request: Request[Any, Any, Any]) -> Stream:
        return as_lines(service.export(acting(request)))

    return [list_acts, check_chain, export_acts]

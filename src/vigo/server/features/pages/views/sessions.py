"""Sessions on machines: a terminal, watching, and what was shown once more."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from vigo.server.features.pages.parts import Parts
from vigo.server.features.pages.rendering import TERMINAL_CSP, PageRequest, Pages, led_to
from vigo.server.features.scriers.models import ScrierItem
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.web.csv_text import csv_response
from vigo.server.platform.web.guarding import acting
from vigo.server.platform.web.paging import Limit, number_cursor


def routes(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    """Return the pages of sessions."""

    @get("/sessions")
    async def sessions_page(
        request: PageRequest, limit: Limit = 100, cursor: FromQuery[str | None] = None, part: FromQuery[str] = ""
    ) -> Response[Any]:
        actor = acting(request)
        found = await parts.scriers.list(actor, number_cursor(cursor), limit)
        if part == "csv":
            return csv_response("sessions", found.items, ScrierItem)
        return pages.response(request, "sessions.html", sessions=found)

    @get("/sessions/{scrier_id:str}")
    async def session_page(request: PageRequest, scrier_id: FromPath[str]) -> Response[Any]:
        actor = acting(request)
        session = await parts.scriers.show(actor, scrier_id)
        is_own = session.operator == actor.name and Permission.OPEN_SCRIERS in actor.permissions
        may_watch = Permission.WATCH_SCRIERS in actor.permissions
        is_over = session.state == "ended"
        mode = "type" if is_own and not is_over else "look" if may_watch and session.kind == "shell" else ""
        return pages.response(request, "session.html", csp=TERMINAL_CSP, session=session, mode=mode, is_over=is_over)

    @post("/sessions/{scrier_id:str}/end", status_code=200)
    async def end_session(request: PageRequest, scrier_id: FromPath[str]) -> Response[Any]:
        await parts.scriers.end(acting(request), scrier_id)
        return led_to("/sessions")

    return [sessions_page, session_page, end_session]

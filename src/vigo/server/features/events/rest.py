"""`/api/v1/events`."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, get
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from vigo.server.features.events.service import EventService
from vigo.server.platform.web.application import acting


def routes(service: EventService) -> list[ControllerRouterHandler]:
    """Return the route of events."""

    @get(
        "/api/v1/events",
        summary="Names of what changed, as server-sent events: fleet, runs, generations, tasks, scriers, workflows",
        media_type="text/event-stream",
    )
    async def follow_events(request: Request[Any, Any, Any]) -> Stream:
        async def lines() -> AsyncIterator[bytes]:
            async for name in service.follow(acting(request)):
                # Source: the HTML standard, section 9.2.5: a line with a colon at its beginning is a comment.
                yield f"event: {name}\ndata: {{}}\n\n".encode() if name else b": alive\n\n"

        return Stream(lines(), media_type="text/event-stream")

    return [follow_events]

"""`/api/v1/pushes`."""

from typing import Any

from litestar import Request, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from vigo.server.features.pushes.models import NewPush, Push
from vigo.server.features.pushes.service import PushService
from vigo.server.platform.web.application import acting


def routes(service: PushService) -> list[ControllerRouterHandler]:
    """Return the route of pushes."""

    @post("/api/v1/pushes", summary="Have envoys check in now", status_code=200)
    async def push(request: Request[Any, Any, Any], data: JSONBody[NewPush]) -> Push:
        return await service.push(acting(request), data)

    return [push]

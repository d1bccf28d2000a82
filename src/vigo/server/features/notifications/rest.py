"""`/api/v1/notifications` and `/api/v1/notification-channels`."""

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler

from vigo.server.features.notifications.models import ChannelList, Delivery, DeliveryList, State, Tested
from vigo.server.features.notifications.service import NotificationService
from vigo.server.platform.web.application import acting
from vigo.server.platform.web.paging import Limit, number_cursor


def routes(service: NotificationService) -> list[ControllerRouterHandler]:
    """Return the routes of notifications."""

    @get("/api/v1/notification-channels", summary="List who is told of what, as notify.yaml says it")
    async def list_channels(request: Request[Any, Any, Any]) -> ChannelList:
        return await service.channels(acting(request))

    @post("/api/v1/notification-channels/{name:str}/test", summary="Send a test to a channel", status_code=200)
    async def test_channel(request: Request[Any, Any, Any], name: FromPath[str]) -> Tested:
        return await service.test(acting(request), name)

    @get("/api/v1/notifications", summary="List what was told to whom, and what could not be, the newest first")
    async def list_notifications(
        request: Request[Any, Any, Any],
        state_: Annotated[State | None, QueryParameter(name="state")] = None,
        limit: Limit = 100,
        cursor: FromQuery[str | None] = None,
    ) -> DeliveryList:
        return await service.list(acting(request), state_, number_cursor(cursor), limit)

    @post("/api/v1/notifications/{delivery_id:str}/retry", summary="Try a delivery at once", status_code=200)
    async def retry_notification(request: Request[Any, Any, Any], delivery_id: FromPath[str]) -> Delivery:
        return await service.retry(acting(request), delivery_id)

    return [list_channels, test_channel, list_notifications, retry_notification]

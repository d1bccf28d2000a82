"""`/api/v1/scriers`."""

import asyncio
from contextlib import suppress
from typing import Any, Final

from litestar import Request, WebSocket, get, post, websocket
from litestar.exceptions import WebSocketException
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from vigo.core.errors import VigoError
from vigo.core.wire.attach_messages import Over, to_text
from vigo.server.features.scriers.models import CreatedScrier, NewScrier, ScrierItem, ScrierList
from vigo.server.features.scriers.service import ScrierService
from vigo.server.platform.web.application import acting
from vigo.server.platform.web.paging import Limit, number_cursor

_CLOSED: Final = frozenset({1000, 1001})
"""How a terminal says that it is done, or goes away. One whose connection broke says nothing. Source: RFC 6455, 7.4."""


class _Socket:
    """A WebSocket, in the words of the service."""

    def __init__(self, socket: WebSocket[Any, Any, Any]) -> None:
        self._socket = socket
        self.was_closed = False

    async def receive(self) -> str | bytes | None:
        """Return what comes next; None where nothing more will."""
        event: dict[str, Any] = dict(await self._socket.receive())
        if event["type"] != "websocket.receive":
            self.was_closed = event.get("code") in _CLOSED
            return None
        found = event.get("bytes")
        return event.get("text") if found is None else found

    async def send(self, message: str | bytes) -> None:
        """Send something; return once there is room for more."""
        if isinstance(message, bytes):
            await self._socket.send_bytes(message)
        else:
            await self._socket.send_text(message)


def routes(service: ScrierService) -> list[ControllerRouterHandler]:
    """Return the routes of sessions on machines."""

    @post("/api/v1/scriers", summary="Open a session on an envoy")
    async def open_scrier(request: Request[Any, Any, Any], data: JSONBody[NewScrier]) -> CreatedScrier:
        return await service.open(acting(request), data)

    @get("/api/v1/scriers", summary="List sessions, the newest first; with active=true all that go on")
    async def list_scriers(
        request: Request[Any, Any, Any],
        limit: Limit = 100,
        cursor: FromQuery[str | None] = None,
        active: FromQuery[bool] = False,  # noqa: FBT002 - the framework gives it by its name
    ) -> ScrierList:
        if active:
            return service.active(acting(request))
        return await service.list(acting(request), number_cursor(cursor), limit)

    @get("/api/v1/scriers/{scrier_id:str}", summary="Show a session")
    async def show_scrier(request: Request[Any, Any, Any], scrier_id: FromPath[str]) -> ScrierItem:
        return await service.show(acting(request), scrier_id)

    @post("/api/v1/scriers/{scrier_id:str}/end", summary="End a session", status_code=200)
    async def end_scrier(request: Request[Any, Any, Any], scrier_id: FromPath[str]) -> ScrierItem:
        return await service.end(acting(request), scrier_id)

    @get(
        "/api/v1/scriers/{scrier_id:str}/recording",
        summary="What a session showed, as asciicast v2; with follow=true also what it will show",
        media_type="application/x-asciicast",
    )
    async def show_recording(
        request: Request[Any, Any, Any],
        scrier_id: FromPath[str],
        follow: FromQuery[bool] = False,  # noqa: FBT002 - the framework gives it by its name
    ) -> Stream:
        lines = await service.recording(acting(request), scrier_id, follow=follow)
        return Stream(lines, media_type="application/x-asciicast")

    @websocket("/api/v1/scriers/{scrier_id:str}/terminal")
    async def attach_terminal(socket: WebSocket[Any, Any, Any], scrier_id: FromPath[str]) -> None:
        await socket.accept()
        try:
            await service.attach(acting(socket), scrier_id, _Socket(socket))
        except VigoError as error:
            with suppress(WebSocketException, OSError, asyncio.TimeoutError):
                await socket.send_text(to_text(Over(reason=str(error))))
        with suppress(Exception):
            await socket.close()

    return [open_scrier, list_scriers, show_scrier, end_scrier, show_recording, attach_terminal]

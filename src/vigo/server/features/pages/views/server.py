"""The server itself, and the files that pages refer to."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from vigo.server.features.pages.assets import asset_of, assets
from vigo.server.features.pages.parts import Parts
from vigo.server.features.pages.rendering import PageRequest, Pages, led_to
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.web.guarding import acting

_MOST_DEAD: Final = 50
_KEPT: Final = "private, max-age=300, must-revalidate"


def routes(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    """Return the pages of the server."""
    every = assets()

    @get("/server")
    async def server_page(request: PageRequest) -> Response[Any]:
        actor = acting(request)
        health = await parts.health.look(actor)
        keys = parts.keys.everything(actor) if Permission.READ_KEYS in actor.permissions else ()
        channels = await parts.notifications.channels(actor)
        dead = await parts.notifications.list(actor, "dead", None, _MOST_DEAD)
        return pages.response(
            request,
            "server.html",
            health=health,
            keys=keys,
            channels=channels.items,
            dead=dead.items,
            summary=parts.envoys.fleet.counted(),
        )

    @post("/notifications/{delivery_id:str}/retry", status_code=200)
    async def retry(request: PageRequest, delivery_id: FromPath[str]) -> Response[Any]:
        tried = await parts.notifications.retry(acting(request), delivery_id)
        if tried.state != "sent":
            return pages.response(request, "note.html", http_status=503, kind="failed", text=tried.problem)
        return led_to("/server")

    @post("/notification-channels/{name:str}/test", status_code=200)
    async def test(request: PageRequest, name: FromPath[str]) -> Response[Any]:
        tried = await parts.notifications.test(acting(request), name)
        if not tried.taken:
            return pages.response(request, "note.html", http_status=503, kind="failed", text=tried.problem)
        return pages.done(request, f"{name} took it.")

    @get("/static/{name:str}", sync_to_thread=False)
    def static(request: PageRequest, name: FromPath[str]) -> Response[bytes]:
        found = asset_of(every, name)
        headers = {"ETag": found.tag, "Cache-Control": _KEPT}
        if request.headers.get("if-none-match") == found.tag:
            return Response(b"", status_code=304, headers=headers, media_type=found.media_type)
        return Response(found.content, headers=headers, media_type=found.media_type)

    return [server_page, retry, test, static]

"""The server itself, and the files that pages refer to."""

from typing import Any, Final

from litestar import Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from vigo.server.features.pages.assets import asset_of, assets
from vigo.server.features.pages.parts import Parts
from vigo.server.features.pages.rendering import PageRequest, Pages
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.web.guarding import acting

_KEPT: Final = "private, max-age=300, must-revalidate"


def routes(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    """Return the pages of the server."""
    every = assets()

    @get("/server")
    async def server_page(request: PageRequest) -> Response[Any]:
        actor = acting(request)
        health = await parts.health.look(actor)
        keys = parts.keys.everything(actor) if Permission.READ_KEYS in actor.permissions else ()
        return pages.response(request, "server.html", health=health, keys=keys, summary=parts.envoys.fleet.counted())

    @get("/static/{name:str}", sync_to_thread=False)
    def static(request: PageRequest, name: FromPath[str]) -> Response[bytes]:
        found = asset_of(every, name)
        headers = {"ETag": found.tag, "Cache-Control": _KEPT}
        if request.headers.get("if-none-match") == found.tag:
            return Response(b"", status_code=304, headers=headers, media_type=found.media_type)
        return Response(found.content, headers=headers, media_type=found.media_type)

    return [server_page, static]

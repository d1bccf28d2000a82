"""Between the HTTP server and the web framework: what ASGI lets a server leave out, the framework counts on."""

from typing import cast

from litestar import Litestar
from litestar.types import Scope as LitestarScope

from vigo.server.platform.listen.asgi import Application, Event, Receive, Scope, Send


def with_whole_events(web: Litestar) -> Application:
    """Return the application, whose requests then always have a `body` and a `more_body`.

    Source: the ASGI specification, version 3.0: both are optional in `http.request`.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        async def whole() -> Event:
            event = await receive()
            if event["type"] == "http.request":
                return {"body": b"", "more_body": False, **event}
            return event

        await web(cast("LitestarScope", scope), whole, send)  # type: ignore[arg-type] # the framework's words for the same events

    return serve

"""Between the HTTP server and the web framework: what ASGI lets a server leave out, the framework counts on."""

from typing import cast

from litestar import Litestar
from litestar.types import Scope as LitestarScope

from vigo.server.platform.listen.asgi import Application, Event, Receive, Scope, Send


def with_whole_events(web: Litestar) -> Application:
    """Return the application, whose requests then always have a `body` and a `more_body`.

    A caller that goes away in the middle of its answer ends that, and is no fault: browsers do so with each page that
    is left. Source: the ASGI specification, version 3.0: both are optional in `http.request`, and a send after the
    connection was closed raises.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        async def whole() -> Event:
            event = await receive()
            if event["type"] == "http.request":
                return {"body": b"", "more_body": False, **event}
            return event

        is_gone = False

        async def sent(event: Event) -> None:
            nonlocal is_gone
            try:
                await send(event)
            except Exception:
                is_gone = True
                raise

        try:
            await web(cast("LitestarScope", scope), whole, sent)  # type: ignore[arg-type] # the framework's words for the same events
        except Exception:
            if not is_gone:
                raise

    return serve

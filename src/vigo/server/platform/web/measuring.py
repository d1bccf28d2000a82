"""How long requests take until their answer begins, for the metrics."""

from collections.abc import Callable
from time import perf_counter

from vigo.server.platform.listen.asgi import Application, Event, Receive, Scope, Send

Observe = Callable[[str, int, float], None]
"""Told of each request: its method, the status, and when it began by `perf_counter`."""


def measured(app: Application, observe: Observe) -> Application:
    """Return the application, of which each HTTP request is told."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        began = perf_counter()

        async def told(event: Event) -> None:
            if event["type"] == "http.response.start":
                observe(scope["method"], event["status"], began)
            await send(event)

        await app(scope, receive, told)

    return serve

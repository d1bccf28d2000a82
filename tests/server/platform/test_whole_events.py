import asyncio
from typing import Any, cast

import pytest
from litestar import Litestar

from vigo.server.platform.listen.asgi import Event
from vigo.server.platform.web.whole_events import with_whole_events


class _GoneError(Exception):
    """What a server raises once the connection is closed."""


async def _receive() -> Event:
    return {"type": "http.request"}


def _served(web: Any, *, is_gone: bool) -> None:
    async def send(_event: Event) -> None:
        if is_gone:
            raise _GoneError

    asyncio.run(with_whole_events(cast("Litestar", web))({"type": "http"}, _receive, send))


def test_a_request_always_has_a_body() -> None:
    found: list[Event] = []

    async def web(_scope: Any, receive: Any, _send: Any) -> None:
        found.append(await receive())

    _served(web, is_gone=False)
    assert found == [{"type": "http.request", "body": b"", "more_body": False}]


def test_a_caller_that_went_away_is_no_fault_and_a_fault_of_ours_is() -> None:
    async def answering(_scope: Any, _receive: Any, send: Any) -> None:
        try:
            await send({"type": "http.response.start"})
        except Exception as error:
            raise RuntimeError("caught after the answer began") from error

    _served(answering, is_gone=True)

    async def broken(_scope: Any, _receive: Any, _send: Any) -> None:
        raise RuntimeError("ours")

    with pytest.raises(RuntimeError, match="ours"):
        _served(broken, is_gone=False)

"""The requesting half of a streaming call: read ahead a little, and watched for the peer's going away."""

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from vigo.server.platform.rpc.framing import DisconnectedError, MessageReader

RequestT = TypeVar("RequestT")

# Messages taken from the wire before the handler asks for them. Beyond that HTTP/2's flow control holds the peer back.
_AHEAD: Final = 4


class _End:
    """Stands behind the last request in the queue."""


class Inbox(Generic[RequestT]):
    """The requests of one stream, as an async iterator.

    While the inbox is full, the peer's going away is noticed only when the handler takes a request or answers.
    """

    def __init__(self, reader: MessageReader, parse: Callable[[bytes], RequestT]) -> None:
        self._reader = reader
        self._parse = parse
        self._queue: asyncio.Queue[RequestT | Exception | _End] = asyncio.Queue(_AHEAD)

    async def fill(self) -> None:
        """Read until the peer is gone; what cannot be read is raised where the handler asks for its next request."""
        try:
            while (data := await self._reader.read()) is not None:
                await self._queue.put(self._parse(data))
        except DisconnectedError:
            return
        except Exception as error:  # noqa: BLE001 - not swallowed: __anext__ raises it in the handler
            await self._queue.put(error)
        else:
            await self._queue.put(_End())
        await self._reader.wait_disconnected()

    def __aiter__(self) -> "Inbox[RequestT]":
        return self

    async def __anext__(self) -> RequestT:
        item = await self._queue.get()
        if isinstance(item, _End):
            self._queue.put_nowait(item)  # so that asking again ends again
            raise StopAsyncIteration
        if isinstance(item, Exception):
            raise item
        return item

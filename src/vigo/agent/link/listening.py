"""Holding the stream by which the server reaches this envoy, and answering its beats."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from vigo.agent.link.channel import OpenStream
from vigo.core.errors import InvalidError, TimedOutError, UnavailableError
from vigo.core.wire.stream_messages import (
    BEATS_OF_PATIENCE,
    Beat,
    CheckInNow,
    ServerMessage,
    StreamOpened,
    agent_message_to_bytes,
    server_message_from_bytes,
)

OPENING: Final = timedelta(seconds=10)
"""How long a server may take to answer a stream that is being opened."""

Asked = Callable[[timedelta], object]
"""Hears that the server asks for a check-in within a time."""

_BEAT: Final = agent_message_to_bytes(Beat())


async def opened(stream: OpenStream) -> timedelta:
    """Return how often the server will speak, once it holds the stream.

    Raises:
        InvalidError: the server says something else.
        TimedOutError: it does not answer.
        UnavailableError: it ended the stream.
    """
    message = await _next(stream, OPENING)
    if not isinstance(message, StreamOpened):
        raise InvalidError("expected that the server first says how often it will speak, found another message")
    return message.beat


async def listen(stream: OpenStream, beat: timedelta, asked: Asked) -> None:
    """Listen until the stream ends, which always is an error.

    Raises:
        InvalidError: the server says what nobody understands.
        TimedOutError: nothing was heard for longer than the server promised.
        UnavailableError: the server ended it.
    """
    while True:
        message = await _next(stream, beat * BEATS_OF_PATIENCE)
        if isinstance(message, CheckInNow):
            asked(message.within)
        elif isinstance(message, Beat):
            await stream.send(_BEAT)


async def _next(stream: OpenStream, patience: timedelta) -> ServerMessage | None:
    """Return the next message, None for one that only a newer server sends."""
    try:
        async with asyncio.timeout(patience.total_seconds()):
            data = await stream.receive()
    except TimeoutError as error:
        raise TimedOutError(
            f"expected a sign of life within {patience.total_seconds():g} s, found none; the network or the server is"
            " gone"
        ) from error
    if data is None:
        raise UnavailableError("the server ended the stream")
    return server_message_from_bytes(data)

"""Holding the stream by which the server reaches this envoy, and answering its beats."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from vigo.agent.link.channel import OpenStream
from vigo.core.errors import InvalidError, TimedOutError, UnavailableError
from vigo.core.wire.stream_messages import (
    BEATS_OF_PATIENCE,
    AgentMessage,
    Beat,
    ServerMessage,
    StreamOpened,
    agent_message_to_bytes,
    server_message_from_bytes,
)

OPENING: Final = timedelta(seconds=10)
"""How long a server may take to answer a stream that is being opened."""

Hear = Callable[[ServerMessage], Awaitable[None]]
"""Hears what the server says, but for beats."""


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


class Speaker:
    """Says things on a stream, one after the other."""

    def __init__(self, stream: OpenStream, beat: timedelta) -> None:
        self._stream = stream
        self._patience = beat * BEATS_OF_PATIENCE
        self._one_at_a_time = asyncio.Lock()

    async def say(self, message: AgentMessage) -> None:
        """Say one thing.

        Raises:
            TimedOutError: it is not taken; the stream is reset, since half of a message may have been.
        """
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(self._patience.total_seconds()):
                    await self._stream.send(agent_message_to_bytes(message))
            except TimeoutError as error:
                await self._stream.reset()
                raise TimedOutError(
                    f"expected that what is said is taken within {self._patience.total_seconds():g} s, found that it"
                    " was not; the network or the server is gone"
                ) from error


async def listen(stream: OpenStream, beat: timedelta, speaker: Speaker, hear: Hear) -> None:
    """Listen until the stream ends, which always is an error.

    Raises:
        InvalidError: the server says what nobody understands.
        TimedOutError: nothing was heard for longer than the server promised.
        UnavailableError: the server ended it.
    """
    while True:
        message = await _next(stream, beat * BEATS_OF_PATIENCE)
        if isinstance(message, Beat):
            await speaker.say(message)
        elif message is not None:
            await hear(message)


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

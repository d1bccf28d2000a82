"""`AgentStream`."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

from vigo.core.errors import InvalidError
from vigo.core.wire.messages import Methods, SignedRequest
from vigo.core.wire.stream_messages import (
    AgentMessage,
    ServerMessage,
    agent_message_from_bytes,
    server_message_to_bytes,
)
from vigo.server.features.streams.service import StreamService
from vigo.server.platform.auth.gate import Gate
from vigo.server.platform.rpc.method import AnyMethod, Call, StreamMethod

_MOST_MESSAGE_BYTES: Final = 64 * 1024


def methods(gate: Gate, service: StreamService) -> list[AnyMethod]:
    """Return the method of holding a stream."""

    async def hold(call: Call, messages: AsyncIterator[AgentMessage | None]) -> AsyncGenerator[ServerMessage, None]:
        opening = await anext(messages, None)
        if not isinstance(opening, SignedRequest):
            raise InvalidError("expected a stream to begin with a signed request, found another message")
        envoy = gate.open(call, opening)
        source = "unknown" if call.client is None else call.client[0]
        held = service.hold(envoy, messages, not_after=call.peer().not_after, source=source)
        async with aclosing(held) as told:
            async for message in told:
                yield message

    return [
        StreamMethod(
            path=Methods.AGENT_STREAM,
            handler=hold,
            parse=agent_message_from_bytes,
            serialize=server_message_to_bytes,
            max_request_bytes=_MOST_MESSAGE_BYTES,
        )
    ]

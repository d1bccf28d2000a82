"""The answering half of a call, in ASGI's events."""

from typing import Final

from vigo.server.platform.listen.asgi import Send
from vigo.server.platform.rpc.framing import DisconnectedError, frame
from vigo.server.platform.rpc.status import Status

_CONTENT_TYPE: Final = (b"content-type", b"application/grpc")


class Reply:
    """Sends messages, then the status, always in trailers: not every HTTP server can end a call with its headers."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._started = False

    async def start(self) -> None:
        """Send the headers, so that the peer knows that its stream is held."""
        self._started = True
        headers = [_CONTENT_TYPE]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": True})

    async def message(self, data: bytes) -> None:
        """Send one message.

        Raises:
            DisconnectedError: the peer is gone. Source: the ASGI specification, version 2.4, of `send` after that.
        """
        if not self._started:
            await self.start()
        try:
            await self._send({"type": "http.response.body", "body": frame(data), "more_body": True})
        except OSError as error:
            raise DisconnectedError from error

    async def answer(self, data: bytes, status: Status) -> None:
        """Send the only message of a call and its end."""
        await self.start()
        await self._send({"type": "http.response.body", "body": frame(data), "more_body": False})
        await self._send({"type": "http.response.trailers", "headers": status.trailers(), "more_trailers": False})

    async def end(self, status: Status) -> None:
        """Send the end of the call."""
        if not self._started:
            await self.start()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        await self._send({"type": "http.response.trailers", "headers": status.trailers(), "more_trailers": False})


async def refuse(send: Send, http_status: int, text: str) -> None:
    """Answer what is no gRPC call with an HTTP status and a sentence in plain text."""
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": http_status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode() + b"\n", "more_body": False})

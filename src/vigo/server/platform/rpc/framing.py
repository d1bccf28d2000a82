"""gRPC's frames inside an HTTP body. Source: "gRPC over HTTP2", Length-Prefixed-Message."""

import struct
from collections.abc import Callable
from typing import Final

from vigo.core.errors import InvalidError, TooLargeError
from vigo.server.platform.listen.asgi import Receive
from vigo.server.platform.rpc.status import UnimplementedError

_PREFIX: Final = struct.Struct(">BI")
_PLAIN: Final = 0
_COMPRESSED: Final = 1


class DisconnectedError(Exception):
    """The peer reset the call or closed the connection; nobody waits for an answer."""


def frame(message: bytes) -> bytes:
    """Return a message with its five-byte prefix, uncompressed."""
    return _PREFIX.pack(_PLAIN, len(message)) + message


class MessageReader:
    """Cuts a request's body into messages. A message over the limit is refused by its prefix, before its bytes come.

    `announced` hears the size of each message that is still to come, and may raise too.
    """

    def __init__(
        self, receive: Receive, max_bytes: int, announced: Callable[[int], None] = lambda _size_bytes: None
    ) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._announced = announced
        self._coming_bytes = 0
        self._buffer = bytearray()
        self._ended = False

    async def read(self) -> bytes | None:
        """Return the next message, or None when the peer has sent its last.

        Raises:
            DisconnectedError: the peer is gone.
            InvalidError: the bytes are no gRPC frames.
            TooLargeError: the message announced is over the limit.
            UnimplementedError: the message is compressed.
        """
        while True:
            message = self._cut()
            if message is not None:
                return message
            if self._ended:
                break
            await self._receive_more()
        if self._buffer:
            raise InvalidError(
                f"expected whole gRPC messages, found {len(self._buffer)} bytes of one that was cut short"
            )
        return None

    async def read_only(self) -> bytes:
        """Return the one message of a unary call; raise what `read` raises, and InvalidError for none or several."""
        message = await self.read()
        if message is None:
            raise InvalidError("expected one gRPC message, found an empty body")
        while not self._ended and not self._buffer:
            await self._receive_more()
        if self._buffer:
            raise InvalidError("expected one gRPC message, found further bytes after it")
        return message

    async def wait_disconnected(self) -> None:
        """Return when the peer is gone. For after the last message."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _receive_more(self) -> None:
        event = await self._receive()
        if event["type"] == "http.disconnect":
            raise DisconnectedError
        self._buffer += event.get("body", b"")
        self._ended = not event.get("more_body", False)

    def _cut(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < _PREFIX.size:
            return None
        flag, size_bytes = _PREFIX.unpack_from(buffer)
        if flag == _COMPRESSED:
            raise UnimplementedError("expected an uncompressed gRPC message, found a compressed one; send identity")
        if flag != _PLAIN:
            raise InvalidError(f"expected a gRPC message to begin with 0 or 1, found byte {flag}")
        if size_bytes > self._max_bytes:
            raise TooLargeError(f"expected a message of at most {self._max_bytes} bytes, found one of {size_bytes}")
        end = _PREFIX.size + size_bytes
        if len(buffer) < end:
            if not self._coming_bytes:
                self._announced(size_bytes)
                self._coming_bytes = size_bytes
            return None
        self._coming_bytes = 0
        message = bytes(buffer[_PREFIX.size : end])
        del buffer[:end]
        return message

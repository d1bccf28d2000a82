"""The agent's HTTP/2 connection: mutual TLS with our CA alone, raw messages, every size and wait bounded.

It narrows `grpclib`, which would buffer a message of any announced size.
"""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any

from grpclib.client import Channel, Handler, Stream
from grpclib.const import Cardinality, Status
from grpclib.encoding.base import CodecBase
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError
from grpclib.metadata import Deadline, decode_metadata
from grpclib.protocol import H2Protocol
from h2.exceptions import H2Error

from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.link.address import Address
from vigo.core.errors import BY_CODE, CODES, DamagedError, TooLargeError, UnavailableError, VigoError

MAX_MESSAGE_BYTES = 64 * 1024 * 1024 + 64 * 1024
"""The largest plan, and room for what stands around it."""

MAX_STREAM_MESSAGE_BYTES = 1024 * 1024
"""The largest message on a stream that is held open."""

CONNECT_TIMEOUT = timedelta(seconds=10)
CLOSE_TIMEOUT = timedelta(seconds=1)
CODE_TRAILERS = ("vigo-error", "vigo-code")
"""Where a server names a refusal's code, since several codes share one gRPC status."""

_PREFIX = struct.Struct(">BI")
_NETWORK_ERRORS = (OSError, StreamTerminatedError, ProtocolError, H2Error, TimeoutError)


def client_context(folder: IdentityFolder) -> ssl.SSLContext:
    """Return TLS settings that trust our CA alone and present this machine's certificate.

    Raises:
        DamagedError: the identity's files cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["h2"])
    try:
        context.load_verify_locations(cafile=folder.ca_path)
        context.load_cert_chain(folder.tls_path)
    except (OSError, ssl.SSLError) as error:
        raise DamagedError(
            f"{folder.tls_path.parent}: expected this machine's certificate and key, found files that cannot be used"
            f" ({error}); enrol anew with --force"
        ) from error
    return context


class RawCodec(CodecBase):
    """Messages are bytes already: what encodes and checks them is `vigo.core.wire`."""

    __content_subtype__ = "proto"

    def encode(self, message: Any, message_type: Any) -> bytes:
        """Return the bytes as they are."""
        del message_type
        return bytes(message)

    def decode(self, data: bytes, message_type: Any) -> bytes:
        """Return the bytes as they are."""
        del message_type
        return data


class _Protocol(H2Protocol):
    """Remembers why the connection ended: a refused client certificate only shows there. Source: RFC 8446 4.4.2.4."""

    lost: BaseException | None = None
    transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.ended = asyncio.Event()
        self.transport = transport
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.lost = exc
        super().connection_lost(exc)
        self.ended.set()

    def end_reason(self) -> BaseException | None:
        """Return why the connection ended, or None while it stands. An end without a reason is the peer's."""
        if self.transport is None or not self.ended.is_set():
            return None
        return self.lost or ConnectionResetError("the peer closed the connection")

    async def end(self) -> None:
        """Return when the connection is gone: politely within a moment, else at once."""
        if not isinstance(self.transport, asyncio.Transport):
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT.total_seconds()):
                await self.ended.wait()
        except TimeoutError:
            self.transport.abort()
            await self.ended.wait()


class _Stream(Stream[bytes, bytes]):
    most_bytes: int | None = None

    async def recv_message(self) -> bytes | None:
        """Return the message, or None where the answer has none.

        Raises:
            TooLargeError: it announces more than the limit; nothing of it is buffered.
        """
        if not self._recv_initial_metadata_done:
            await self.recv_initial_metadata()
        with self._wrapper:
            try:
                prefix = await self._stream.recv_data(_PREFIX.size)
                if not prefix:
                    return None
                compressed, size_bytes = _PREFIX.unpack(prefix)
                if compressed:
                    raise UnavailableError("expected a plain message, found a compressed one that was not asked for")
                most_bytes = self.most_bytes or MAX_MESSAGE_BYTES
                if size_bytes > most_bytes:
                    raise TooLargeError(
                        f"expected a message of at most {most_bytes} bytes, found one of {size_bytes}; it was not read"
                    )
                data = await self._stream.recv_data(size_bytes)
            except AssertionError as error:  # grpclib's way to say that the stream ended early
                raise UnavailableError("expected a whole message, found one that was cut short") from error
        if len(data) != size_bytes:
            raise UnavailableError("expected a whole message, found one that was cut short")
        return data


class _Channel(Channel):
    connection: _Protocol | None = None

    def _protocol_factory(self) -> H2Protocol:
        self.connection = _Protocol(Handler(), self._config, self._h2_config)
        return self.connection

    def call(self, method: str, limit: timedelta) -> _Stream:
        """Return a call that is not yet sent."""
        return self._stream(method, Cardinality.UNARY_UNARY, Deadline.from_timeout(limit.total_seconds()))

    def stream(self, method: str) -> _Stream:
        """Return a stream both ways that is not yet opened, and lasts until an end is made of it."""
        return self._stream(method, Cardinality.STREAM_STREAM, None)

    def _stream(self, method: str, cardinality: Cardinality, deadline: Deadline | None) -> _Stream:
        return _Stream(
            self,
            method,
            decode_metadata([]),
            cardinality,
            bytes,
            bytes,
            codec=self._codec,
            status_details_codec=None,
            dispatch=self.__dispatch__,
            deadline=deadline,
        )

    async def end(self) -> None:
        """Close the connection; one that was never opened, or is lost, is as good. Grpclib's `close` fails there."""
        if self._protocol is not None:
            self.close()
        if self.connection is not None:
            await self.connection.end()


class OpenStream:
    """Messages both ways. What goes wrong is raised as grpclib has it; `Connection.stream` says what it means."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream

    async def send(self, message: bytes) -> None:
        """Send a message."""
        await self._stream.send_message(message)

    async def reset(self) -> None:
        """End it at once."""
        await self._stream.cancel()

    async def receive(self) -> bytes | None:
        """Return the next message, or None where the server has sent its last."""
        data = await self._stream.recv_message()
        if data is None:
            # Only then it tells why the server ended it.
            await self._stream.end()
            await self._stream.recv_trailing_metadata()
        return data


class Connection:
    """One connection to one server, for calls of one request and one answer, and for streams."""

    def __init__(self, address: Address, context: ssl.SSLContext) -> None:
        self.address = address
        self._channel = _Channel(address.host, address.port, ssl=context, codec=RawCodec())

    async def open(self) -> None:
        """Connect. The name is resolved anew; no proxy is used.

        Raises:
            OSError: the network or TLS says no.
            TimeoutError: nobody answered in time.
        """
        async with asyncio.timeout(CONNECT_TIMEOUT.total_seconds()):
            await self._channel.__connect__()

    async def call(self, method: str, message: bytes, limit: timedelta) -> bytes:
        """Return the answer's bytes.

        Raises:
            VigoError: what the server answered, by its code.
            UnavailableError: the connection broke, or what came was no gRPC.
            TooLargeError: the answer is over the limit.
            TimedOutError, OSError: nobody answered, as the network says it.
        """
        stream = self._channel.call(method, limit)
        try:
            with _taking_back_its_cancellation():
                async with stream:
                    await stream.send_message(message, end=True)
                    answer = await stream.recv_message()
        except GRPCError as error:
            raise refusal(error, stream.trailing_metadata or {}) from error
        except _NETWORK_ERRORS as error:
            connection = self._channel.connection
            raise (connection.end_reason() if connection is not None else None) or error from error
        if answer is None:
            raise UnavailableError("expected an answer, found none")
        return answer

    @asynccontextmanager
    async def stream(self, method: str) -> AsyncIterator["OpenStream"]:
        """Give a stream both ways for as long as the block takes.

        Raises: as `call`.
        """
        stream = self._channel.stream(method)
        stream.most_bytes = MAX_STREAM_MESSAGE_BYTES
        try:
            with _taking_back_its_cancellation():
                async with stream:
                    yield OpenStream(stream)
                    # Else it would wait for the server's end. One that is left by an error is reset anyway.
                    await stream.cancel()
        except GRPCError as error:
            raise refusal(error, stream.trailing_metadata or {}) from error
        except _NETWORK_ERRORS as error:
            connection = self._channel.connection
            raise (connection.end_reason() if connection is not None else None) or error from error

    async def close(self) -> None:
        """Close the connection; one that is closed is as good."""
        await self._channel.end()


@contextmanager
def _taking_back_its_cancellation() -> Iterator[None]:
    """Undo what grpclib leaves behind when it ends a call that waits: it cancels the task and turns that into an error.

    The task would go on counting as cancelled, and the next `asyncio.timeout` of Python 3.11.2 (Debian 12) that runs
    out would raise CancelledError out of the agent. Source: `asyncio.Task.uncancel`.
    """
    task = asyncio.current_task()
    before = 0 if task is None else task.cancelling()
    try:
        yield
    except asyncio.CancelledError:
        raise
    except BaseException:
        if task is not None and task.cancelling() > before:
            task.uncancel()
        raise


def refusal(error: GRPCError, trailers: Mapping[str, Any]) -> VigoError:
    """Return the error that a server answered: by the code in its trailers, else by the gRPC status."""
    code = next((str(trailers[name]) for name in CODE_TRAILERS if name in trailers), "")
    message = error.message or f"the server answered {error.status.name}"
    if code in BY_CODE:
        return BY_CODE[code](message)
    if error.status in (Status.UNKNOWN, Status.UNIMPLEMENTED):
        return UnavailableError(f"{message}; is it a vigosrv of a version that fits?")
    by_status = (name for name, mapping in CODES.items() if mapping.grpc_status == error.status.value)
    return BY_CODE.get(next(by_status, ""), UnavailableError)(message)

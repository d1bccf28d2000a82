"""What a gRPC method is to Vigo: a path, a handler, how its bytes are read and written, and how many it takes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

import msgspec

from vigo.core.errors import UnauthenticatedError
from vigo.server.platform.rpc.peer import PeerIdentity, identify

RequestT = TypeVar("RequestT")
AnswerT = TypeVar("AnswerT")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a call besides its message."""

    path: str
    """`/package.Service/Method`, the method that is really served: sign and authorise over this one."""
    headers: Sequence[tuple[bytes, bytes]]
    """The request's metadata as it arrived, names in lower case."""
    client: tuple[str, int] | None
    """Address and port of the peer's end of the connection."""
    certificate_pem: str | None
    """The peer's own certificate, verified by the TLS layer; None without one."""
    ends_at_loop_seconds: float | None
    """The deadline on the running loop's clock; None when the call may last."""

    def metadata(self, name: str) -> str | None:
        """Return the first value of a metadata name given in lower case, or None. Undecodable bytes are replaced."""
        wanted = name.encode()
        return next((value.decode(errors="replace") for key, value in self.headers if key == wanted), None)

    def remaining(self) -> timedelta | None:
        """Return how long the handler still has; None without a deadline."""
        if self.ends_at_loop_seconds is None:
            return None
        return timedelta(seconds=self.ends_at_loop_seconds - asyncio.get_running_loop().time())

    def peer(self) -> PeerIdentity:
        """Return the envoy that calls.

        Raises:
            UnauthenticatedError: the connection has no client certificate, or one that no envoy holds.
        """
        if self.certificate_pem is None:
            raise UnauthenticatedError("expected an envoy's certificate, found a connection without one")
        return identify(self.certificate_pem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method(Generic[RequestT, AnswerT]):
    """One request, one answer.

    `parse` raises a VigoError for bytes that it does not accept; anything else it raises counts as a fault of Vigo.
    """

    path: str
    handler: Callable[[Call, RequestT], Awaitable[AnswerT]]
    parse: Callable[[bytes], RequestT]
    serialize: Callable[[AnswerT], bytes]
    max_request_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMethod(Generic[RequestT, AnswerT]):
    """Any number of requests and of answers, interleaved as the handler likes.

    The handler is an async generator. It is closed when the peer goes away, also while it waits for something else
    than a request. `max_request_bytes` holds for each message.
    """

    path: str
    handler: Callable[[Call, AsyncIterator[RequestT]], AsyncGenerator[AnswerT, None]]
    parse: Callable[[bytes], RequestT]
    serialize: Callable[[AnswerT], bytes]
    max_request_bytes: int


AnyMethod = Method[Any, Any] | StreamMethod[Any, Any]

"""gRPC as an ASGI application.

Source: "gRPC over HTTP2" (grpc/doc/PROTOCOL-HTTP2.md) and the ASGI extension for HTTP trailers.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import aclosing
from datetime import timedelta
from time import perf_counter
from types import MappingProxyType
from typing import Any, Final

from vigo.core.errors import InternalError, TimedOutError
from vigo.server.platform.audit.provenance import come_from
from vigo.server.platform.listen.asgi import Receive, Scope, Send
from vigo.server.platform.rpc.framing import DisconnectedError, MessageReader
from vigo.server.platform.rpc.intake import SMALL_BYTES, Intake
from vigo.server.platform.rpc.method import AnyMethod, Call, Method, StreamMethod
from vigo.server.platform.rpc.reply import Reply, refuse
from vigo.server.platform.rpc.status import OK, UnimplementedError, parse_timeout, status_of
from vigo.server.platform.rpc.stream import Inbox

Observer = Callable[[str, str, float], None]
"""Told of each call: its path, how it ended, and when it began by `perf_counter`."""

Admission = Callable[[Call], None]
"""Called before a call's body is read. It returns, or raises the VigoError that the peer shall see."""

UNARY_LIMIT: Final = timedelta(seconds=60)
"""How long a unary call may last, its body's arrival included, whatever deadline the peer names."""


class RpcApp:
    """Serves unary and streaming methods.

    A VigoError ends a call with its own gRPC status, its text and its code in the trailer `vigo-error`. Any other
    exception is logged and ends it with INTERNAL and a reference into the log. A unary handler is not cancelled when
    its peer goes away, only at its deadline; a streaming handler is.
    """

    def __init__(
        self,
        methods: Iterable[AnyMethod],
        *,
        admit: Admission,
        unary_limit: timedelta = UNARY_LIMIT,
        observed: Observer | None = None,
    ) -> None:
        self._admit = admit
        self._observed = observed
        self._unary_limit_seconds = unary_limit.total_seconds()
        by_path: dict[str, AnyMethod] = {}
        for method in methods:
            if method.path in by_path:
                raise InternalError(f"expected each gRPC method once, found {method.path} registered twice")
            by_path[method.path] = method
        self._methods = by_path
        self._intake = Intake(max((method.max_request_bytes for method in by_path.values()), default=0))

    @property
    def methods(self) -> Mapping[str, AnyMethod]:
        """Every method by its path, for the gate that compares them with the authorisation table."""
        return MappingProxyType(self._methods)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            raise InternalError(f"expected an HTTP request, found the ASGI scope {scope['type']}")
        content_type, allowed = _protocol_headers(scope["headers"])
        if not _is_grpc(content_type):
            await refuse(send, 415, "expected content-type application/grpc: this port speaks gRPC, for agents")
        elif scope["method"] != "POST":
            await refuse(send, 405, f"expected POST, found {scope['method']}: this port speaks gRPC, for agents")
        elif "http.response.trailers" not in scope["extensions"]:
            await refuse(send, 400, "expected HTTP/2 and the header te: trailers, which gRPC needs for its status")
        else:
            await self._serve(scope, allowed, receive, Reply(send))

    async def _serve(self, scope: Scope, allowed: bytes | None, receive: Receive, reply: Reply) -> None:
        path, began, status = scope["path"], perf_counter(), OK
        try:
            method = self._methods.get(path)
            if method is None:
                raise UnimplementedError(f"this server has no method {path[:200]}; it may be older than its caller")  # noqa: TRY301 - one place turns errors into a status
            call = self._call(scope, method, allowed)
            come_from("" if call.client is None else call.client[0], None)
            self._admit(call)
            if isinstance(method, Method):
                answer = await self._unary(method, call, receive)
                await reply.answer(answer, OK)
            else:
                await _streaming(method, call, receive, reply)
                await reply.end(OK)
        except DisconnectedError:
            return
        except Exception as error:  # noqa: BLE001 - the loop that must survive: every error becomes a status, and is logged there
            status = status_of(error, path)
            await reply.end(status)
        finally:
            if self._observed is not None and path in self._methods:
                self._observed(path, "ok" if status is OK else status.error_code or "unknown", began)

    def _call(self, scope: Scope, method: AnyMethod, allowed: bytes | None) -> Call:
        seconds = None if allowed is None else parse_timeout(allowed)
        if isinstance(method, Method):
            limit = self._unary_limit_seconds
            seconds = limit if seconds is None else min(seconds, limit)
        tls = scope["extensions"].get("tls")
        chain = () if tls is None else tls["client_cert_chain"]
        client = scope.get("client")
        return Call(
            path=method.path,
            headers=scope["headers"],
            client=None if client is None else (client[0], client[1]),
            certificate_pem=chain[0] if chain else None,
            ends_at_loop_seconds=None if seconds is None else asyncio.get_running_loop().time() + seconds,
        )

    async def _unary(self, method: Method[Any, Any], call: Call, receive: Receive) -> bytes:
        taken = 0

        def take(size_bytes: int) -> None:
            nonlocal taken
            if size_bytes > SMALL_BYTES:
                self._intake.take(_peer(call), size_bytes)
                taken = size_bytes

        limit = asyncio.timeout_at(call.ends_at_loop_seconds)
        try:
            async with limit:
                data = await MessageReader(receive, method.max_request_bytes, take).read_only()
                return method.serialize(await method.handler(call, method.parse(data)))
        except TimeoutError:
            if limit.expired():
                raise _too_late(call) from None
            raise
        finally:
            if taken:
                self._intake.give_back(_peer(call), taken)


def _peer(call: Call) -> str:
    """Return who shares room for large messages: all certificates of an envoy are one peer."""
    return call.peer().envoy_id if call.certificate_pem is not None else ""


def _protocol_headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes | None]:
    content_type, allowed = b"", None
    for name, value in headers:
        if name == b"content-type":
            content_type = value
        elif name == b"grpc-timeout":
            allowed = value
    return content_type, allowed


def _is_grpc(content_type: bytes) -> bool:
    base = content_type.partition(b";")[0].strip().lower()
    return base == b"application/grpc" or base.startswith(b"application/grpc+")


async def _streaming(method: StreamMethod[Any, Any], call: Call, receive: Receive, reply: Reply) -> None:
    inbox = Inbox(MessageReader(receive, method.max_request_bytes), method.parse)
    await reply.start()
    limit = asyncio.timeout_at(call.ends_at_loop_seconds)
    try:
        async with limit:
            await _until_gone(_answer(method, call, inbox, reply), inbox)
    except TimeoutError:
        if limit.expired():
            raise _too_late(call) from None
        raise


async def _answer(method: StreamMethod[Any, Any], call: Call, inbox: Inbox[Any], reply: Reply) -> None:
    async with aclosing(method.handler(call, inbox)) as answers:
        async for answer in answers:
            await reply.message(method.serialize(answer))


async def _until_gone(work: Coroutine[Any, Any, None], inbox: Inbox[Any]) -> None:
    """Run the work in this task, cancelled when the peer goes away."""
    working = asyncio.current_task()
    assert working is not None  # noqa: S101 - a coroutine runs in a task
    gone = False

    async def watch() -> None:
        nonlocal gone
        await inbox.fill()
        gone = True
        working.cancel()

    watching = asyncio.create_task(watch())
    try:
        await work
    except asyncio.CancelledError:
        # Another's cancellation (the deadline, the server's stop) goes on; only ours ends here.
        if not gone or working.uncancel() > 0:
            raise
        raise DisconnectedError from None
    finally:
        watching.cancel()


def _too_late(call: Call) -> TimedOutError:
    return TimedOutError(f"{call.path} was not done by the deadline of its caller, and was ended")

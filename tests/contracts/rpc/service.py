"""The methods that the suite calls. Events are told and waited for over the wire too, so that no test sleeps."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

from vigo.core.errors import InvalidError, ReplayedError
from vigo.server.platform.rpc.app import RpcApp
from vigo.server.platform.rpc.method import AnyMethod, Call, Method, StreamMethod

LIMIT_BYTES = 2 << 20
REFUSAL = "erwartet: größer als 7 % - gefunden: 3\n→ erneut senden"


class Service:
    """One instance a server."""

    def __init__(self) -> None:
        self.held = asyncio.Event()
        self.released = asyncio.Event()
        self.cancelled = asyncio.Event()

    def app(self) -> RpcApp:
        unary: dict[str, Callable[[Call, bytes], Awaitable[bytes]]] = {
            "Echo": self.echo,
            "Refuse": self.refuse,
            "Break": self.break_down,
            "Hold": self.hold,
            "AwaitHeld": self.await_held,
            "AwaitCancelled": self.await_cancelled,
            "Release": self.release,
            "Who": self.who,
            "Metadata": self.metadata,
        }
        methods: list[AnyMethod] = [
            Method(path=path(name), handler=handler, parse=bytes, serialize=bytes, max_request_bytes=LIMIT_BYTES)
            for name, handler in unary.items()
        ]
        streams = {"Double": self.double, "Heartbeat": self.heartbeat}
        methods += [
            StreamMethod(path=path(name), handler=stream, parse=bytes, serialize=bytes, max_request_bytes=LIMIT_BYTES)
            for name, stream in streams.items()
        ]
        return RpcApp(methods, admit=_admit)

    async def echo(self, _call: Call, message: bytes) -> bytes:
        return message

    async def refuse(self, _call: Call, _message: bytes) -> bytes:
        raise ReplayedError(REFUSAL)

    async def break_down(self, _call: Call, _message: bytes) -> bytes:
        raise RuntimeError("a secret of the inside")

    async def hold(self, _call: Call, message: bytes) -> bytes:
        self.held.set()
        try:
            await self.released.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return message

    async def await_held(self, _call: Call, _message: bytes) -> bytes:
        await self.held.wait()
        return b""

    async def await_cancelled(self, _call: Call, _message: bytes) -> bytes:
        await self.cancelled.wait()
        return b""

    async def release(self, _call: Call, _message: bytes) -> bytes:
        self.released.set()
        return b""

    async def who(self, call: Call, _message: bytes) -> bytes:
        peer = call.peer()
        return f"{peer.envoy_id} {peer.hostname} {peer.serial} {peer.fingerprint_sha256}".encode()

    async def metadata(self, call: Call, message: bytes) -> bytes:
        return f"{call.metadata(message.decode())} {call.remaining() is not None} {call.client is not None}".encode()

    async def double(self, _call: Call, requests: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        async for request in requests:
            if request == b"refuse":
                raise InvalidError(REFUSAL)
            yield request
            yield request

    async def heartbeat(self, _call: Call, _requests: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        yield b"beat"
        self.held.set()
        try:
            await self.released.wait()
        finally:
            self.cancelled.set()


def path(name: str) -> str:
    return f"/vigo.test.Suite/{name}"


def _admit(call: Call) -> None:
    if call.metadata("refuse-me") is not None:
        raise InvalidError("not admitted")

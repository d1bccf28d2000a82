"""The port behind which the HTTP server stands, and `h2corn` behind it."""

import asyncio
import logging
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Literal, Protocol, cast

import h2corn

from vigo.core.errors import InvalidError, UnavailableError
from vigo.server.platform.listen.listener import Listener

_log = logging.getLogger(__name__)

# What one connection may have in flight before it is read: bounds what a peer can make the server hold.
_WINDOW_BYTES: Final = 1 << 20
_MAX_HEADER_BYTES: Final = 32 << 10
_MAX_STREAMS: Final = 100
# An agent that checks in every five minutes keeps its connection, and with it the handshake.
_IDLE_GRPC: Final = timedelta(minutes=15)
_IDLE_HTTP: Final = timedelta(minutes=2)
# A page's or an API client's request. gRPC methods have limits of their own.
_MAX_HTTP_BODY_BYTES: Final = 16 << 20


class Acceptor(Protocol):
    """Serves one listener's application on one socket, in the running loop."""

    async def start(self) -> None:
        """Return when connections are accepted. The socket stays its caller's."""
        ...

    async def drain(self) -> None:
        """Accept no more, let calls in flight finish within the limit, end the rest, and return."""
        ...

    async def ended(self) -> None:
        """Return after `drain`; raise UnavailableError when accepting ends for any other reason."""
        ...


AcceptorFactory = Callable[[Listener, socket.socket, timedelta], Acceptor]
"""(what to serve, the bound socket, how long a drain may take) -> an acceptor not yet started."""


class H2cornAcceptor:
    """Accepts with `h2corn`, which does TLS 1.2 and 1.3 and reads its certificate files once, at the start."""

    def __init__(self, listener: Listener, bound: socket.socket, drain_limit: timedelta) -> None:
        self._listener = listener
        self._server = h2corn.Server(cast("h2corn.Application", listener.app), _settings(listener, bound, drain_limit))
        self._draining = False
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return when connections are accepted.

        Raises:
            InvalidError: the certificate, the key or the CA cannot be read, or they do not fit together.
        """
        self._serving = asyncio.create_task(self._server.serve(), name=f"listener {self._listener.name}")
        try:
            await self._server.wait_started()
        except (ValueError, OSError) as error:
            await asyncio.wait((self._serving,))
            raise InvalidError(
                f"listener {self._listener.name}: expected a PEM certificate, its key and, where clients are verified, "
                f"their CA in {self._listener.certificate}, {self._listener.key}, {self._listener.client_ca}: {error}"
            ) from error

    async def drain(self) -> None:
        """Stop as the port says. A call that ignores its cancellation is logged and left behind."""
        self._draining = True
        if self._serving is None or self._serving.done():
            return
        self._server.shutdown()
        await asyncio.wait((self._serving,))
        error = self._serving.exception()
        if error is not None:
            _log.warning("listener %s: %s", self._listener.name, error)

    async def ended(self) -> None:
        """Return after `drain`, or raise as the port says."""
        if self._serving is None:
            return
        await asyncio.wait((self._serving,))
        if not self._draining:
            raise UnavailableError(f"listener {self._listener.name} stopped by itself") from self._serving.exception()


def _settings(listener: Listener, bound: socket.socket, drain_limit: timedelta) -> h2corn.Config:
    verify: Literal["none", "optional", "required"] = "none"
    if listener.client_ca is not None:
        verify = "optional" if listener.allow_anonymous else "required"
    return h2corn.Config(
        bind=(f"fd://{bound.fileno()}",),
        certfile=listener.certificate,
        keyfile=listener.key,
        ca_certs=listener.client_ca,
        cert_reqs=verify,
        grpc=listener.grpc,
        http1=not listener.grpc,
        lifespan="off",
        access_log=False,
        date_header=not listener.grpc,
        runtime_threads=1,
        max_concurrent_streams=_MAX_STREAMS,
        h2_max_header_list_size=_MAX_HEADER_BYTES,
        h2_max_header_block_size=_MAX_HEADER_BYTES,
        limit_request_head_size=_MAX_HEADER_BYTES,
        h2_initial_stream_window_size=_WINDOW_BYTES,
        h2_initial_connection_window_size=_WINDOW_BYTES,
        max_request_body_size=_MAX_HTTP_BODY_BYTES,
        timeout_keep_alive=(_IDLE_GRPC if listener.grpc else _IDLE_HTTP).total_seconds(),
        timeout_graceful_shutdown=drain_limit.total_seconds(),
    )

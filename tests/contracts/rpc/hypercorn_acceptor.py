"""The same port over `hypercorn`: if h2corn were ever left, this is what it would be left for."""

import asyncio
import os
import socket
import ssl
from datetime import timedelta
from typing import Any, cast

from hypercorn.asyncio import serve
from hypercorn.config import Config

from vigo.server.platform.listen.listener import Listener


class HypercornAcceptor:
    """Accepts with hypercorn, which hands over no client certificate."""

    def __init__(self, listener: Listener, bound: socket.socket, drain_limit: timedelta) -> None:
        self._listener = listener
        self._config = _settings(listener, bound, drain_limit)
        self._stop = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        app = cast("Any", self._listener.app)
        self._serving = asyncio.create_task(serve(app, self._config, shutdown_trigger=self._stop.wait))

    async def drain(self) -> None:
        self._stop.set()
        await self.ended()

    async def ended(self) -> None:
        if self._serving is not None:
            await asyncio.wait((self._serving,))
            self._serving.result()


def _settings(listener: Listener, bound: socket.socket, drain_limit: timedelta) -> Config:
    config = Config()
    config.bind = [f"fd://{os.dup(bound.fileno())}"]
    config.certfile, config.keyfile = str(listener.certificate), str(listener.key)
    config.graceful_timeout = drain_limit.total_seconds()
    config.errorlog = None
    if listener.client_ca is not None:
        config.ca_certs = str(listener.client_ca)
        config.verify_mode = ssl.VerifyMode.CERT_OPTIONAL if listener.allow_anonymous else ssl.VerifyMode.CERT_REQUIRED
    return config

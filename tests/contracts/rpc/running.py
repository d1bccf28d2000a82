"""A server in a thread of its own, as the clients of this suite see it: from outside, over TLS."""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from datetime import timedelta
from typing import Any, TypeVar

import uvloop

from vigo.server.platform.listen.acceptor import AcceptorFactory
from vigo.server.platform.listen.listener import Listener
from vigo.server.platform.listen.serving import Serving

ResultT = TypeVar("ResultT")


class Running:
    """Serves from construction to `stop`."""

    def __init__(self, listeners: Sequence[Listener], acceptor: AcceptorFactory, drain_limit: timedelta) -> None:
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self.serving = self.submit(_create(listeners, acceptor, drain_limit)).result()
        try:
            self.submit(self.serving.start()).result()
        except BaseException:
            self.stop()
            raise
        self.addresses = dict(self.serving.addresses)

    def submit(self, work: Coroutine[Any, Any, ResultT]) -> Future[ResultT]:
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def stop(self) -> None:
        if self.loop.is_closed():
            return
        self.submit(self.serving.stop()).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()


async def _create(listeners: Sequence[Listener], acceptor: AcceptorFactory, drain_limit: timedelta) -> Serving:
    return Serving(listeners, acceptor=acceptor, drain_limit=drain_limit)

"""A relay on loopback between a machine and its server, which counts what passes: what is really on the wire."""

import asyncio
from contextlib import suppress
from typing import Self

from vigo.agent.link.address import Address


class Relay:
    """Listens while it is entered; `to_client_bytes` and `to_server_bytes` only grow."""

    def __init__(self, server: Address) -> None:
        self._server = server
        self.to_client_bytes = 0
        self.to_server_bytes = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Server

    async def __aenter__(self) -> Self:
        self._listening = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # what was closed is let go of in the loop's next round

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self._listening.sockets[0].getsockname()[1])

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._server.host, self._server.port)
        for source, sink, is_answer in ((reader, far_writer, False), (far_reader, writer, True)):
            task = asyncio.create_task(self._pass(source, sink, is_answer=is_answer))
            self._tasks.add(task)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_answer: bool) -> None:
        try:
            with suppress(OSError):
                while data := await source.read(65_536):
                    if is_answer:
                        self.to_client_bytes += len(data)
                    else:
                        self.to_server_bytes += len(data)
                    sink.write(data)
                    await sink.drain()
        finally:
            sink.close()

"""A wire between agents and their server that can be cut without either end hearing of it, as when a cable is drawn."""

import asyncio
import threading
from contextlib import suppress
from typing import Self


class Wire:
    """Passes connections on while it is entered. Between `cut` and `heal` nothing passes, and no end is told."""

    def __init__(self, host: str, port: int) -> None:
        self._far = (host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire")
        self._is_whole = asyncio.Event()
        self._is_whole.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._listening = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def address(self) -> str:
        host, port = self._listening.sockets[0].getsockname()
        return f"{host}:{port}"

    def cut(self) -> None:
        self._loop.call_soon_threadsafe(self._is_whole.clear)

    def heal(self) -> None:
        self._loop.call_soon_threadsafe(self._is_whole.set)

    async def _end(self) -> None:
        self._listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # what was closed is let go of in the loop's next round

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._is_whole.wait()
        far_reader, far_writer = await asyncio.open_connection(*self._far)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            self._tasks.add(asyncio.create_task(self._pass(source, sink)))

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                while data := await source.read(65_536):
                    await self._is_whole.wait()
                    sink.write(data)
                    await sink.drain()
            await self._is_whole.wait()
        finally:
            sink.close()

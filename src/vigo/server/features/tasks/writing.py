"""Storing what was sent and how it ended, as much in one transaction as has come meanwhile."""

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

from vigo.server.features.tasks import store
from vigo.server.features.tasks.live import LiveTarget, LiveTask
from vigo.server.platform.db.database import Database

Ends = Sequence[tuple[LiveTask, LiveTarget]]

_MOST_IN_ONE_WRITE: Final = 500


class TaskWriter:
    """Writes one batch after the other. `then` is called on the event loop with what is stored."""

    def __init__(
        self, database: Database, do: Callable[[Coroutine[Any, Any, None]], None], then: Callable[[Ends], None]
    ) -> None:
        self._database = database
        self._do = do
        self._then = then
        self._to_mark: list[tuple[int, int]] = []
        self._to_store: list[tuple[LiveTask, LiveTarget]] = []
        self._is_writing = False

    def sent(self, task: LiveTask, target: LiveTarget) -> None:
        """Store that an envoy was told to start."""
        self._to_mark.append((task.number, target.position))
        self._write_soon()

    def ended(self, task: LiveTask, target: LiveTarget) -> None:
        """Store the end of a target, once; where that failed it may be asked for again."""
        if not target.is_storing:
            target.is_storing = True
            self._to_store.append((task, target))
            self._write_soon()

    def _write_soon(self) -> None:
        if not self._is_writing:
            self._is_writing = True
            self._do(self._write())

    async def _write(self) -> None:
        try:
            while self._to_store or self._to_mark:
                sent, self._to_mark = self._to_mark, []
                if sent:
                    # One that is not marked would be sent anew after a start of the server, which changes nothing.
                    await self._database.write(partial(store.mark_sent, sent=sent))
                batch, self._to_store = self._to_store[:_MOST_IN_ONE_WRITE], self._to_store[_MOST_IN_ONE_WRITE:]
                if batch:
                    await self._written(batch)
        finally:
            self._is_writing = False
            for _, target in self._to_store:  # the next sweep tries again
                target.is_storing = False
            self._to_store = []

    async def _written(self, batch: Ends) -> None:
        rows = [
            store.Ended(task.number, target.position, target.shown(state=target.end.state), target.output.whole())
            for task, target in batch
            if target.end is not None
        ]
        try:
            await self._database.write(lambda connection: store.finish(connection, rows), lambda _: self._then(batch))
        finally:
            for _, target in batch:
                target.is_storing = False

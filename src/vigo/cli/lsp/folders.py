"""A folder of stacks that is being edited: looked at whenever it changes, off the loop, and one look at a time."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from vigo.cli.lsp.looking import NOTHING, Looker, Seen
from vigo.policy.editing.texts import Units

_log = logging.getLogger(__name__)

DEBOUNCE_SECONDS: Final = 0.2
"""How long nothing must be typed before the stacks are looked at."""

Publish = Callable[["StacksFolder", Seen], None]


class StacksFolder:
    """A folder of stacks; `edited` are the texts that an editor has open, by their names in it."""

    def __init__(self, root: Path, units: Units, worker: Executor, publish: Publish) -> None:
        self.root = root
        self.edited: dict[str, str] = {}
        self._units = units
        self._worker = worker
        self._publish = publish
        self._looker = Looker(root)
        self._seen: asyncio.Future[Seen] = asyncio.get_running_loop().create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_stale = False
        self._has_ended = False

    async def seen(self) -> Seen:
        """Return what the last look gave; the first one is waited for."""
        return await asyncio.shield(self._seen)

    async def settled(self) -> Seen:
        """Return what a look at the present state gives; places are right that way."""
        while not self._has_ended and (self._timer is not None or self._task is not None):
            if self._timer is not None:
                self._timer.cancel()
                self._start()
            if self._task is not None:
                await asyncio.shield(self._task)
        return await self.seen()

    def changed(self) -> None:
        """Look again, once nothing else changes for a moment; the first time at once."""
        if self._timer is not None:
            self._timer.cancel()
        delay = DEBOUNCE_SECONDS if self._seen.done() else 0
        self._timer = asyncio.get_running_loop().call_later(delay, self._start)

    def stop(self) -> None:
        """Look no more."""
        self._has_ended = True
        if self._timer is not None:
            self._timer.cancel()

    def _start(self) -> None:
        self._timer = None
        if self._has_ended:
            return
        if self._task is not None:
            self._is_stale = True
            return
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        edited = dict(self.edited)
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                self._worker, self._looker.look, edited, self._units
            )
        except Exception:  # noqa: BLE001 - whatever is wrong with this state of the stacks, the next shall be looked at
            _log.exception("%s: the stacks could not be looked at", self.root)
            if not self._seen.done():
                self._seen.set_result(NOTHING)
        else:
            if self._seen.done():
                self._seen = asyncio.get_running_loop().create_future()
            self._seen.set_result(found)
            if not self._has_ended:
                self._publish(self, found)
        finally:
            self._task = None
        if self._is_stale:
            self._is_stale = False
            self._start()

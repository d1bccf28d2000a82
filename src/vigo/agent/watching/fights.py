"""Resources that something else changes back again and again: who it is, and that it is told once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping

from vigo.agent.watching.damping import LONGEST_PAUSE, Damper, Turns
from vigo.core.errors import VigoError
from vigo.core.ids import ResourceId

NameWriter = Callable[[str], Awaitable[str]]
"""Waits for a while for whoever changes a path of the host, and returns what it is called; empty where nobody did."""

_log = logging.getLogger(__name__)


class Fights:
    """What is told of fights. One writer is looked for at a time."""

    def __init__(self, name_writer: NameWriter) -> None:
        self._name_writer = name_writer
        self._looking: asyncio.Task[None] | None = None
        self._logged: set[ResourceId] = set()

    def consider(self, resource: ResourceId, turns: Turns, paths: Iterable[str]) -> None:
        """Say that a resource is fought over, once, and look for who does it."""
        if not turns.is_fought_over:
            self._logged.discard(resource)
            return
        if resource in self._logged:
            return
        self._logged.add(resource)
        _log.warning(
            "resource=%s is fought over repairs=%d since=%s; the pauses between its repairs grow now",
            resource,
            turns.repairs,
            turns.since.isoformat(timespec="seconds"),
        )
        path = next(iter(paths), None)
        if path is not None and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look(resource, turns, path))

    def remarks(self, resources: Iterable[ResourceId], damper: Damper) -> Mapping[ResourceId, str]:
        """Return what the next run shall say of resources that are fought over and were not reported so."""
        found = {}
        for resource in resources:
            turns = damper.turns_of(resource)
            if turns is not None and turns.is_fought_over and not turns.is_told:
                found[resource] = (
                    f"fought over: repaired {turns.repairs} times since {turns.since:%H:%M:%S} UTC, and changed again"
                    f" each time by {turns.writer or 'somebody (writer unknown)'}; find who does it: until then it is"
                    f" repaired at intervals that grow to {int(LONGEST_PAUSE.total_seconds()) // 60} min"
                )
        return found

    def told(self, remarks: Iterable[ResourceId], damper: Damper) -> None:
        """Note that these are reported."""
        for resource in remarks:
            turns = damper.turns_of(resource)
            if turns is not None:
                turns.is_told = True

    def close(self) -> None:
        """Look for nobody any more."""
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self, resource: ResourceId, turns: Turns, path: str) -> None:
        try:
            turns.writer = await self._name_writer(path)
        except VigoError as error:
            _log.info("resource=%s writer unknown reason=%s", resource, error)
            return
        _log.warning("resource=%s is changed by %s", resource, turns.writer or "nobody who could be seen")

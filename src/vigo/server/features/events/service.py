"""Telling those who look that something is different now, so that they look again."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import timedelta
from typing import Final

from vigo.server.platform.auth.actor import Actor, InForce

LOOK_EVERY: Final = timedelta(seconds=1)
_BEAT_EVERY: Final = 15
"""A sign of life after so many looks, so that proxies and browsers keep the connection."""

Versions = Mapping[str, Callable[[], object]]
"""What may change -> what is another value once it has."""


class EventService:
    """Compares versions once a second for each who looks: that costs the same however much happens meanwhile."""

    def __init__(self, versions: Versions, identities: InForce) -> None:
        self._versions = versions
        self._identities = identities
        self._is_closed = False

    def close(self) -> None:
        """Let those who look go, since the server stops."""
        self._is_closed = True

    async def follow(self, actor: Actor) -> AsyncGenerator[str, None]:
        """Yield the names of what changed, an empty text as a sign of life; end once the actor may look no more."""
        seen = self._now()
        quiet = 0
        yield ""
        while not self._is_closed and self._identities.is_in_force(actor):
            await asyncio.sleep(LOOK_EVERY.total_seconds())
            present, quiet = self._now(), quiet + 1
            for name, version in present.items():
                if version != seen[name]:
                    quiet = 0
                    yield name
            seen = present
            if quiet >= _BEAT_EVERY:
                quiet = 0
                yield ""

    def _now(self) -> dict[str, object]:
        return {name: version() for name, version in self._versions.items()}

"""Following what goes on: events as they come, a JSON object a line, and a sign of life where nothing happens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar.response import Stream

BEAT: Final = timedelta(seconds=10)
"""Those who follow something hear of it at least so often."""

LINES: Final = "application/x-ndjson"
"""The media type of what `as_lines` returns."""


def as_lines(events: AsyncIterator[Any]) -> Stream:
    """Return an answer that has each event on a line of its own, as it comes."""

    async def lines() -> AsyncIterator[bytes]:
        async for event in events:
            yield msgspec.json.encode(event) + b"\n"

    return Stream(lines(), media_type=LINES)


async def rings(bell: asyncio.Event) -> bool:
    """Return whether something happens within a beat."""
    with suppress(TimeoutError):
        async with asyncio.timeout(BEAT.total_seconds()):
            await bell.wait()
    return bell.is_set()

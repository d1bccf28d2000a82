"""The holder of the stream, with streams that end in odd ways."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import timedelta
from typing import Any

from vigo.agent.host.run_task import run_task
from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.reachability import Reachability
from vigo.agent.scrier.desk import ScrierDesk
from vigo.agent.scrier.open_far import open_far
from vigo.agent.tasks.desk import TaskDesk
from vigo.core.clock import SystemClock
from vigo.core.errors import UnauthenticatedError


def nothing(_within: timedelta) -> None:
    return


def test_it_ends_though_its_cancellation_was_taken_for_the_end_of_the_stream(folder: IdentityFolder) -> None:
    """As grpclib does where a stream breaks at the moment at which it is let go of."""
    opening = asyncio.Event()

    @asynccontextmanager
    async def broken() -> AsyncIterator[Any]:
        opening.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise UnauthenticatedError("not you") from None
        yield

    async def story() -> None:
        desk = TaskDesk(folder, run_task, SystemClock())
        scriers = ScrierDesk(folder, open_far, SystemClock())
        reachability = Reachability(broken, nullcontext, nothing, desk, scriers, lambda: 0.0)
        reachability.is_server_there(is_there=True)
        reachability.start()
        await opening.wait()
        async with asyncio.timeout(20):
            await reachability.end()

    asyncio.run(story())

"""One cycle from the command line."""

import asyncio
import signal
from datetime import timedelta
from pathlib import Path

from vigo.agent.cycle import Cycles
from vigo.agent.engine.lock import one_run_at_a_time
from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.identity.keeping_private import keep_private
from vigo.agent.local_machine import local_machine
from vigo.agent.report import CycleReport
from vigo.core.clock import SystemClock
from vigo.core.errors import UnavailableError

STOPPED = "skipped because the run was interrupted; the next run goes on"


def run_once(
    state_dir: Path, *, dry_run: bool, wait_seconds: int, outside_window: bool = False, looks_at_all: bool = False
) -> CycleReport:
    """Return what one cycle came to. SIGINT and SIGTERM end it after the resource that is worked on.

    `outside_window` lets maintenance windows count for nothing; with `looks_at_all` no resource is passed over since
    nothing of it has moved.

    Raises:
        NotEnrolledError: this machine has no identity.
        ConflictError: another run did not end in time.
        UnavailableError: it was interrupted before it changed anything, or its own files are another user's.
    """
    folder = IdentityFolder(state_dir)
    folder.load()
    keep_private(state_dir)
    with one_run_at_a_time(state_dir / "run.lock", timedelta(seconds=wait_seconds)):
        return asyncio.run(_run(folder, dry_run=dry_run, outside_window=outside_window, looks_at_all=looks_at_all))


async def _run(folder: IdentityFolder, *, dry_run: bool, outside_window: bool, looks_at_all: bool) -> CycleReport:
    is_stopping = asyncio.Event()
    cycles = Cycles(
        folder,
        local_machine,
        SystemClock(),
        lambda: STOPPED if is_stopping.is_set() else "",
        outside_window=outside_window,
        looks_at_all=looks_at_all,
    )
    work = asyncio.create_task(cycles.run(dry_run=dry_run))

    def stop() -> None:
        is_stopping.set()
        if not cycles.is_applying:
            work.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        return await work
    except asyncio.CancelledError as error:
        raise UnavailableError("interrupted before anything was changed; run it again") from error
    finally:
        await cycles.close()

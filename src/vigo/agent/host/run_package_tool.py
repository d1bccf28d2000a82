"""The executor of `RunPackageTool`."""

import time
from datetime import timedelta

import msgspec

from vigo.agent.host.package_faults import LOCKED, tells_of_lock
from vigo.agent.host.package_locks import Holder, holder_of
from vigo.agent.host.process import Ending
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.run import ending_of, failure, last_words, printed
from vigo.catalog.ops.package_tool import RunPackageTool
from vigo.core.errors import BlockedError, TimedOutError

LONGEST_WAIT = timedelta(seconds=60)
"""How long another tool is waited for, and at most half the time of the operation. Most upgrades take less."""

PAUSE = timedelta(seconds=2)


def run_package_tool(op: RunPackageTool, host: RealHost) -> None:
    """Run a package tool; while another one holds the lock, try again for a minute.

    A tool that does not get the lock has changed nothing, so that trying again is safe. Tools that wait by themselves
    do so without an end or for one of their locks only, hence they are told not to.

    Raises:
        BlockedError: the lock is still held, a repository does not answer, the disk is full, and the like.
        TimedOutError: it did not end in time; its process group was ended.
        UnavailableError: it cannot be run, or failed for another reason.
    """
    started, holder = time.monotonic(), None
    while True:
        spent = timedelta(seconds=time.monotonic() - started)
        ending = _ending(msgspec.structs.replace(op, timeout=op.timeout - spent), host)
        if ending.status in op.returns:
            return
        if not tells_of_lock(printed(ending)):
            raise failure(op, ending)
        holder = holder_of(op.locks) or holder
        spent = timedelta(seconds=time.monotonic() - started)
        # What is begun late would be ended half-way: the other half of the time is the tool's own.
        if spent + PAUSE > min(LONGEST_WAIT, op.timeout / 2):
            raise _locked(op, holder, last_words(op, ending))
        time.sleep(PAUSE.total_seconds())


def _ending(op: RunPackageTool, host: RealHost) -> Ending:
    try:
        return ending_of(op, host)
    except TimedOutError as error:
        if tells_of_lock(str(error)):  # rpm waits by itself
            raise _locked(op, holder_of(op.locks), f": {error}") from error
        raise


def _locked(op: RunPackageTool, holder: Holder | None, told: str) -> BlockedError:
    if holder is not None:
        return BlockedError(f"{LOCKED}: held by {holder}{told}")
    files = " or ".join(op.locks)
    left = f"; no process has {files} open: if one that was killed left it behind, remove it" if files else ""
    return BlockedError(f"{LOCKED}{left}{told}")

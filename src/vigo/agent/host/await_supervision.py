"""The executor of `AwaitSupervision`."""

import time
from datetime import timedelta

from vigo.agent.host.real_host import RealHost
from vigo.catalog.api import Command
from vigo.catalog.formats.runit_status import parse_status
from vigo.catalog.ops.await_supervision import AwaitSupervision
from vigo.core.errors import BlockedError, UnavailableError

LONGEST_WAIT = timedelta(seconds=15)
"""How long runsvdir(8) may take; it looks every five seconds."""

PAUSE = timedelta(milliseconds=200)


def await_supervision(op: AwaitSupervision, host: RealHost) -> None:
    """Return when the service has a runsv(8) that can be told to start and stop it.

    Raises:
        OSError: sv(8) cannot be started.
        BlockedError: this is an image, in which nothing runs, or runit did not take the service up in time.
        UnavailableError: sv(8) tells of a fault.
    """
    if host.is_image():
        raise BlockedError("runit does not run in an image (--root)")
    started = time.monotonic()
    while True:
        ending = host.programs.run(Command(argv=("sv", "status", op.entry)))
        status, told = parse_status(ending.stdout.text()), ending.stdout.text().strip()
        if status is None:
            raise UnavailableError(f"expected sv to tell the state of {op.entry}, found: {told or ending.status}")
        if status != "not supervised":
            return
        if time.monotonic() - started > LONGEST_WAIT.total_seconds():
            raise BlockedError(
                f"expected runit to take up {op.entry} within {LONGEST_WAIT.total_seconds():g} s, found: {told}; see"
                " that runsvdir runs for this folder"
            )
        time.sleep(PAUSE.total_seconds())

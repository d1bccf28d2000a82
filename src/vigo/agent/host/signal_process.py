"""The executor of `SignalProcess`."""

import os
import select
import signal
from datetime import timedelta

from vigo.agent.host.real_host import RealHost
from vigo.catalog.formats.process_table import parse_process
from vigo.catalog.ops.signal_process import SignalProcess
from vigo.core.errors import BlockedError, UnavailableError

GRACE = timedelta(seconds=10)
"""How long a process may take to end."""


def signal_process(op: SignalProcess, host: RealHost) -> None:
    """Signal a process and return when it has ended; one that is gone already is done.

    Raises:
        OSError: the kernel refuses.
        BlockedError: this is an image, in which nothing runs.
        UnavailableError: it still runs after ten seconds.
    """
    if host.is_image():
        raise BlockedError("an image (--root) has no processes")
    try:
        descriptor = os.pidfd_open(op.pid)
    except ProcessLookupError:
        return
    try:
        # The descriptor holds the process; only then its number says which one it is.
        found = parse_process(op.pid, host.read_text(f"/proc/{op.pid}/stat") or "", b"")
        if found is None or found.started_ticks != op.started_ticks or op.pid in (1, os.getpid()):
            return
        signal.pidfd_send_signal(descriptor, signal.Signals[f"SIG{op.signal}"])
        if not select.select([descriptor], [], [], GRACE.total_seconds())[0]:
            raise UnavailableError(
                f"expected process {op.pid} to end within {GRACE.total_seconds():g} s, found it still running; give it"
                " another signal, or see what it waits for"
            )
    except ProcessLookupError:  # it ended meanwhile
        return
    finally:
        os.close(descriptor)

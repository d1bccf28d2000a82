"""The executor of `CheckTcp`."""

import time
from contextlib import closing
from datetime import timedelta
from typing import Final

from vigo.agent.host.faults import told
from vigo.agent.host.pattern_search import is_found
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.timed_connection import Exchange, TimedConnection, connected
from vigo.catalog.ops.network_checks import CheckTcp
from vigo.core.errors import BlockedError, UnavailableError

MAX_BYTES: Final = 16 * 1024
"""How much of what a server says is looked through."""

QUIET: Final = timedelta(milliseconds=200)
"""After so long without a byte, what came is looked through."""

_OFTEN: Final = timedelta(milliseconds=500)


def check_tcp(op: CheckTcp, host: RealHost) -> None:
    """Return when the connection was made, and what is expected was read.

    Raises:
        BlockedError: this is an image, in which nothing runs.
        TimedOutError: it took too long.
        UnavailableError: nothing takes the connection, or what is expected does not come.
    """
    if host.is_image():
        raise BlockedError("not made in an image (--root)")
    exchange = Exchange(min(op.within, op.timeout))
    with closing(connected(op.host, op.port, exchange)) as connection:
        if op.expect is None:
            return
        try:
            _read(op.expect, connection, exchange)
        except OSError as error:
            raise UnavailableError(
                f"expected `expect` in what it says, found the connection broken: {told(error)}"
            ) from error


def _read(expect: str, connection: TimedConnection, exchange: Exchange) -> None:
    """Read until what is expected is found. It is not looked for behind each byte of a server that drips."""
    content, searched, last = bytearray(), 0, 0.0
    while True:
        buffer = bytearray(MAX_BYTES - len(content))
        count = connection.receive_into(buffer, QUIET)
        content += buffer[: count or 0]
        is_last = count == 0 or len(content) >= MAX_BYTES
        is_due = not count or len(content) >= 2 * searched or time.monotonic() - last > _OFTEN.total_seconds()
        if len(content) > searched and (is_last or is_due):
            searched = len(content)
            if is_found(expect, content.decode(errors="replace"), timedelta(seconds=exchange.left_seconds())):
                return
            last = time.monotonic()
        if is_last:
            ended = "it closed the connection" if count == 0 else "it goes on"
            raise UnavailableError(
                f"expected `expect` in what it says, found it nowhere in {len(content)} bytes, and {ended}; see that"
                " the right service listens there"
            )

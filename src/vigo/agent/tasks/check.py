"""Making a check: a command or a URL that is tried again until it does well."""

import select
import time
from datetime import timedelta
from typing import Final

import msgspec

from vigo.agent.host.check_http import check_http
from vigo.agent.host.output import BoundedOutput
from vigo.agent.host.process import Ending, Sink
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.run_task import run_task
from vigo.catalog.formats.web_answers import ExpectedAnswer
from vigo.catalog.ops.network_checks import CheckHttp
from vigo.core.errors import TimedOutError, UnavailableError
from vigo.core.task import WEB_PREFIXES, TaskOrder

PAUSE: Final = timedelta(seconds=1)
"""Between two attempts."""

ATTEMPT: Final = timedelta(seconds=10)
"""How long a web server may take to answer one."""

_WELL: Final = tuple(range(200, 300))


def until_well(order: TaskOrder, root: str | None, sink: Sink, stop: int) -> Ending:
    """Try until an attempt does well, the order's time is over, or `stop` can be read; return how that ended.

    A command does well that ends with 0, a web server one that answers with a status of 200 to 299.

    Raises:
        BlockedError, UnavailableError: a command cannot be started at all, or this is an image.
        InvalidError: it is no URL.
    """
    deadline = time.monotonic() + order.timeout.total_seconds()
    while True:
        left = max(deadline - time.monotonic(), 0.001)
        attempt = msgspec.structs.replace(order, timeout=timedelta(seconds=left))
        ending = _asked(attempt, root, sink) if is_web(order) else run_task(attempt, root, sink, stop)
        if ending.status == 0 or ending.stopped or ending.timed_out:
            return ending
        pause = min(PAUSE.total_seconds(), max(deadline - time.monotonic(), 0))
        if select.select([stop], [], [], pause)[0]:
            return ending._replace(stopped=True)
        if time.monotonic() >= deadline:
            return ending._replace(timed_out=True)


def is_web(order: TaskOrder) -> bool:
    """Return whether a check asks a web server."""
    return order.command.lower().startswith(WEB_PREFIXES)


def _asked(order: TaskOrder, root: str | None, sink: Sink) -> Ending:
    """Ask a web server once; why it does not do well is printed."""
    nothing = BoundedOutput(0)
    op = CheckHttp(
        url=order.command,
        expected=ExpectedAnswer(status=_WELL),
        within=min(ATTEMPT, order.timeout),
        timeout=order.timeout,
    )
    try:
        check_http(op, RealHost(root))
    except (UnavailableError, TimedOutError) as error:
        sink.add(f"{error}\n".encode())
        return Ending(1, nothing, nothing)
    return Ending(0, nothing, nothing)

"""Carrying an order out, whichever kind it is of."""

from vigo.agent.host.process import Ending, Sink
from vigo.agent.host.run_task import run_task
from vigo.core.task import TaskOrder


def run_order(order: TaskOrder, root: str | None, sink: Sink, stop: int) -> Ending:
    """Run an order's command, answer its query or make its check, and return how that ended.

    Raises:
        BlockedError, UnavailableError: it cannot be started.
        InvalidError, TooLargeError: the query has no answer here, or the check is none.
    """
    if order.kind == "query":
        from vigo.agent.tasks.query import answer  # noqa: PLC0415 - the collectors, which an agent at rest need not load

        return answer(order, root, sink)
    if order.kind == "check":
        from vigo.agent.tasks.check import until_well  # noqa: PLC0415 - the same, of what speaks to web servers

        return until_well(order, root, sink, stop)
    return run_task(order, root, sink, stop)

"""Answering a query: an expression over the traits of the machine, collected for it at this moment."""

import msgspec

from vigo.agent.collect import collect_all
from vigo.agent.host.output import BoundedOutput
from vigo.agent.host.process import Ending, Sink
from vigo.agent.host.real_host import RealHost
from vigo.agent.predicates import predicates
from vigo.catalog.scan import collectors_on_demand
from vigo.core.clock import SystemClock
from vigo.core.errors import InvalidError, TooLargeError
from vigo.core.task import HEAD_BYTES, TaskOrder
from vigo.core.templates import Templates

_TRAITS = "traits"
_OF_OS = ("os_family", "os_id")
"""Predicates that go by the traits of the operating system."""


def answer(order: TaskOrder, root: str | None, sink: Sink) -> Ending:
    """Print the value of a query's expression as JSON, and return that it ended well.

    Only the sets of traits that it names are collected, each within its own time limit.

    Raises:
        InvalidError: the expression cannot be evaluated here.
        TooLargeError: its value is longer than what is kept of an output, or has more items than are asked for.
    """
    host, clock = RealHost(root), SystemClock()
    collectors = collectors_on_demand()
    names = Templates().names_in_expression(order.command)
    if _TRAITS in names:
        sets = set(collectors)
    else:
        sets = {name.split(".")[1] for name in names if name.startswith(f"{_TRAITS}.")}
        sets |= {"os"} if names.intersection(_OF_OS) else set()
    wanted = {name: one for name in sets if (one := collectors.get(name)) is not None}
    collected = collect_all(host, clock, {}, wanted)
    try:
        value = Templates(predicates(host, collected.traits)).evaluate(order.command, {_TRAITS: collected.traits})
        text = msgspec.json.encode(value, order="sorted")
    except (InvalidError, TypeError, ValueError, msgspec.MsgspecError) as error:
        problems = "".join(f"; the set {name} is missing: {reason}" for name, reason in collected.failures.items())
        raise InvalidError(f"it cannot be answered here: {error}{problems}") from error
    if order.rows and isinstance(value, list | dict) and len(value) > order.rows:
        advice = "ask for less, or for more rows"
        raise TooLargeError(f"expected an answer of at most {order.rows} rows, found {len(value)}; {advice}")
    if len(text) > HEAD_BYTES:
        raise TooLargeError(f"expected an answer of at most {HEAD_BYTES} bytes, found {len(text)}; ask for less")
    sink.add(text)
    nothing = BoundedOutput(0)
    return Ending(0, nothing, nothing)

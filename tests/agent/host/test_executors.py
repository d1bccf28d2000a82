import importlib
import pkgutil
from collections.abc import Iterator
from typing import get_type_hints

import pytest

from tests.agent.host.conftest import World
from vigo.agent.host.executors import executor_of
from vigo.catalog import ops
from vigo.catalog.ops import Op
from vigo.core.errors import InvalidError


class Unheard(Op, frozen=True, kw_only=True):
    def summary(self) -> str:
        return "do something new"


for _module in pkgutil.iter_modules(ops.__path__, ops.__name__ + "."):
    importlib.import_module(_module.name)


def every(op: type[Op]) -> Iterator[type[Op]]:
    """Yield an operation and those that are made of it; one without a summary is only there to be made more of."""
    if op.summary is not Op.summary and op.__module__.startswith(ops.__name__):
        yield op
    for more in op.__subclasses__():
        yield from every(more)


OPERATIONS = list(every(Op))


@pytest.mark.parametrize("op", OPERATIONS)
def test_every_operation_has_its_executor(op: type[Op]) -> None:
    executor = executor_of(op)
    assert executor is not None, f"write the function that carries {op.__name__} out, in a file of its name"
    assert get_type_hints(executor)["op"] is op


def test_an_operation_of_a_newer_catalogue_is_refused(world: World) -> None:
    with pytest.raises(InvalidError, match="do something new: this agent cannot carry out Unheard; update the agent"):
        world.execute(Unheard())

import importlib
import pkgutil
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

OPERATIONS = [op for op in Op.__subclasses__() if op.__module__.startswith(ops.__name__)]


@pytest.mark.parametrize("op", OPERATIONS)
def test_every_operation_has_its_executor(op: type[Op]) -> None:
    executor = executor_of(op)
    assert executor is not None, f"write the function that carries {op.__name__} out, in a file of its name"
    assert get_type_hints(executor)["op"] is op


def test_an_operation_of_a_newer_catalogue_is_refused(world: World) -> None:
    with pytest.raises(InvalidError, match="do something new: this agent cannot carry out Unheard; update the agent"):
        world.execute(Unheard())

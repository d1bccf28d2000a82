from typing import get_args

import pytest

from tests.agent.host.conftest import World
from vigo.agent.host.executors import _EXECUTORS
from vigo.catalog.ops import AnyOp, Op
from vigo.core.errors import InvalidError


class Unheard(Op, frozen=True, kw_only=True):
    def summary(self) -> str:
        return "do something new"


def test_every_operation_has_its_executor() -> None:
    assert set(_EXECUTORS) == set(get_args(AnyOp)) == set(Op.__subclasses__()) - {Unheard}


def test_an_operation_of_a_newer_catalogue_is_refused(world: World) -> None:
    with pytest.raises(InvalidError, match="do something new: this agent cannot carry out Unheard; update the agent"):
        world.execute(Unheard())

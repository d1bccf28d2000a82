import socket

import pytest

from tests.agent.host.conftest import World
from vigo.agent.host.executors import Executors
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops.hostname import SetHostname
from vigo.core.errors import BlockedError, UnavailableError


def test_an_image_leaves_the_running_machine_its_name(world: World) -> None:
    before = socket.gethostname()
    with pytest.raises(BlockedError, match="not set in an image"):
        world.execute(SetHostname(hostname="other"))
    assert socket.gethostname() == before


def test_what_the_kernel_refuses_is_told(machine: RealHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket, "sethostname", refuse)
    with pytest.raises(UnavailableError, match="set hostname other: Operation not permitted"):
        Executors(machine).execute(SetHostname(hostname="other"))

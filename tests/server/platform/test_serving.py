import asyncio
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from vigo.core.errors import InvalidError
from vigo.server.platform.listen.acceptor import Acceptor
from vigo.server.platform.listen.asgi import Receive, Scope, Send
from vigo.server.platform.listen.listener import Listener
from vigo.server.platform.listen.serving import Serving


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("nobody calls")


class _Counted:
    """Accepts nothing, and tells what was asked of it."""

    def __init__(self, name: str, told: list[str]) -> None:
        self._name, self._told = name, told
        self._drained = asyncio.Event()

    async def start(self) -> None:
        self._told.append(f"{self._name} starts")

    async def drain(self) -> None:
        self._told.append(f"{self._name} drains")
        self._drained.set()

    async def ended(self) -> None:
        await self._drained.wait()


def test_a_listener_whose_files_did_not_change_goes_on_undisturbed(tmp_path: Path) -> None:
    one, two = tmp_path / "one.pem", tmp_path / "two.pem"
    one.write_text("1")
    two.write_text("2")
    told: list[str] = []

    def counted(listener: Listener, _bound: socket.socket, _limit: timedelta) -> Acceptor:
        return _Counted(listener.name, told)

    async def scenario() -> None:
        listeners = [
            Listener(name=path.stem, address="127.0.0.1:0", app=_nothing, certificate=path, key=path)
            for path in (one, two)
        ]
        serving = Serving(listeners, acceptor=counted)
        await serving.start()
        await serving.renew()
        assert told == ["one starts", "two starts"]
        two.write_text("3")
        await serving.renew()
        assert told[2:] == ["two starts", "two drains"]
        one.unlink()
        with pytest.raises(InvalidError, match=r"listener one: cannot read .*one\.pem"):
            await serving.renew()
        await serving.stop()
        assert sorted(told[4:]) == ["one drains", "two drains"]

    asyncio.run(scenario())

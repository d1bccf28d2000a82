import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agent.fake_machine import FakeMachine, policy
from vigo.agent.cycle import Cycles
from vigo.agent.identity.identity import Identity, IdentityFolder
from vigo.agent.journal.journal import Journal
from vigo.agent.link.enrolment import Enrolled, Wanted, enrol
from vigo.agent.report import CycleReport
from vigo.core.clock import SystemClock
from vigo.testing.fake_server import FakeServer


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> IdentityFolder:
    return IdentityFolder(tmp_path / "state")


def enrolled(folder: IdentityFolder, server: FakeServer, **changes: Any) -> Identity:
    arguments = {"server_url": server.url, "token": server.token, "ca_sha256": server.ca.sha256, "hostname": "web-1"}
    force = changes.pop("force", False)
    done = enrol(folder, SystemClock(), Wanted(**{**arguments, **changes}), force=force)
    assert isinstance(done, Enrolled)
    return done.identity


class Agent:
    """An enrolled agent whose process ends after each cycle, unless a test keeps it."""

    def __init__(self, server: FakeServer, folder: IdentityFolder) -> None:
        self.server = server
        self.folder = folder
        self.identity: Identity = enrolled(folder, server)
        self.machine = FakeMachine()
        self.clock: Any = SystemClock()
        self.stop: Callable[[], str] = lambda: ""

    def cycle(self, **options: bool) -> CycleReport:
        async def once() -> CycleReport:
            cycles = Cycles(self.folder, lambda _identity: self.machine, self.clock, self.stop)
            try:
                return await cycles.run(**options)
            finally:
                await cycles.close()

        return asyncio.run(once())

    def journal(self) -> Journal:
        return Journal.open(self.folder.state_dir)

    def text(self, path: str) -> str | None:
        return self.machine.fake.read_text(path)


@pytest.fixture
def agent(server: FakeServer, folder: IdentityFolder) -> Iterator[Agent]:
    made = Agent(server, folder)
    server.publish(policy("one\n", "two\n"), 1)
    return made

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest

from tests.agent.conftest import enrolled
from tests.agent.fake_machine import FakeMachine, policy
from vigo.agent.cycle import Cycles
from vigo.agent.daemon import Daemon
from vigo.agent.engine.lock import one_run_at_a_time
from vigo.agent.identity.identity import IdentityFolder
from vigo.catalog.ops import Op, RemoveFile
from vigo.core.clock import SystemClock
from vigo.core.errors import NotEnrolledError
from vigo.testing.fake_server import FakeServer

LONG, SHORT = timedelta(hours=1), timedelta(milliseconds=20)
Story = Callable[["Life"], Coroutine[Any, Any, None]]


class Life:
    """A daemon in this process, and ways to wait for what it does."""

    def __init__(
        self, server: FakeServer, folder: IdentityFolder, interval: timedelta, random_share: float = 0.01
    ) -> None:
        self.server = server
        self.folder = folder
        self.machine = FakeMachine()
        clock = SystemClock()
        self.daemon = Daemon(
            folder,
            lambda stop: Cycles(folder, lambda _identity: self.machine, clock, stop),
            clock,
            interval=interval,
            random_share=lambda: random_share,
            look_every=SHORT,
        )

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not holds():  # noqa: ASYNC110 - what is waited for happens in other threads too
                await asyncio.sleep(0.005)

    def live(self, story: Story) -> None:
        async def both() -> None:
            life = asyncio.create_task(self.daemon.run())
            try:
                await story(self)
            finally:
                self.daemon.stop()
                await life

        asyncio.run(both())


@pytest.fixture
def ready(server: FakeServer, folder: IdentityFolder) -> Callable[[timedelta], Life]:
    enrolled(folder, server)
    server.publish(policy("one\n"), 1)
    return lambda interval: Life(server, folder, interval)


def test_it_runs_a_cycle_at_once_and_another_at_each_interval(
    ready: Callable[[timedelta], Life], server: FakeServer
) -> None:
    async def story(life: Life) -> None:
        await life.until(lambda: len(server.runs) >= 3)

    ready(SHORT).live(story)


def test_one_connection_serves_all_cycles(ready: Callable[[timedelta], Life], server: FakeServer) -> None:
    async def story(life: Life) -> None:
        await life.until(lambda: len(server.runs) >= 3)

    ready(SHORT).live(story)
    assert server.calls.count("/vigo.v1.Agent/Hello") == 1


def test_a_hang_up_signal_runs_a_cycle_now(ready: Callable[[timedelta], Life], server: FakeServer) -> None:
    async def story(life: Life) -> None:
        await life.until(lambda: len(server.runs) == 1)
        os.kill(os.getpid(), signal.SIGHUP)
        await life.until(lambda: len(server.runs) == 2)

    ready(LONG).live(story)


def test_a_term_signal_ends_it(ready: Callable[[timedelta], Life], server: FakeServer) -> None:
    async def story(life: Life) -> None:
        await life.until(lambda: len(server.runs) == 1)
        os.kill(os.getpid(), signal.SIGTERM)
        await life.until(lambda: life.daemon._is_stopping)

    ready(LONG).live(story)


def test_a_term_signal_in_mid_apply_ends_after_the_present_resource(
    ready: Callable[[timedelta], Life], server: FakeServer
) -> None:
    server.publish(policy("one\n", "two\n", "three\n"), 2)
    life = ready(LONG)

    def ask(op: Op) -> None:
        if op.summary() == "write /file1":
            os.kill(os.getpid(), signal.SIGTERM)
            while not life.daemon._is_stopping:
                pass

    life.machine.before = ask

    async def story(life: Life) -> None:
        await life.until(lambda: life.daemon._is_stopping)

    life.live(story)
    assert [life.machine.fake.read_text(f"/file{index}") for index in range(3)] == ["one\n", "two\n", None]


def test_convergence_goes_on_without_a_server_and_results_arrive_when_it_returns(
    ready: Callable[[timedelta], Life], server: FakeServer
) -> None:
    async def story(life: Life) -> None:
        await life.until(lambda: len(server.runs) >= 1)
        await asyncio.to_thread(server.stop)
        before = len(server.runs)
        life.machine.fake.tree.apply(removal("/file0"), lambda _argv: True)
        await life.until(lambda: life.machine.fake.read_text("/file0") == "one\n")
        assert len(server.runs) == before
        await asyncio.to_thread(server.start)
        await life.until(lambda: len(server.runs) > before)

    ready(SHORT).live(story)
    assert any(run.offline and run.worst() == "changed" for run in server.runs.values())


def removal(path: str) -> Op:
    return RemoveFile(path=path)


def test_a_server_that_returns_is_found_long_before_the_next_interval(
    ready: Callable[[timedelta], Life], server: FakeServer
) -> None:
    async def story(life: Life) -> None:
        await life.until(lambda: life.daemon._failures > 0)
        await asyncio.to_thread(server.start)
        await life.until(lambda: len(server.runs) >= 1)

    life = ready(LONG)
    server.stop()
    life.live(story)


def test_a_revoked_envoy_is_left_as_it_is(
    ready: Callable[[timedelta], Life], server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.revoked.update(server.keys)

    async def story(life: Life) -> None:
        await life.until(lambda: life.daemon._refusals > 0)

    life = ready(SHORT)
    with caplog.at_level(logging.WARNING):
        life.live(story)
    assert life.machine.fake.applied == []
    assert "refused this envoy" in caplog.text


def test_a_refused_envoy_that_is_enrolled_anew_goes_on_at_once(
    ready: Callable[[timedelta], Life], server: FakeServer, folder: IdentityFolder
) -> None:
    ready(LONG)
    server.revoked.update(server.keys)

    async def story(life: Life) -> None:
        await life.until(lambda: life.daemon._refusals > 0)
        await asyncio.to_thread(enrolled, folder, server, force=True)
        await life.until(lambda: len(server.runs) >= 1)

    Life(server, folder, LONG, random_share=1.0).live(story)


def test_a_cycle_is_left_out_while_another_run_holds_the_lock(
    ready: Callable[[timedelta], Life], server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(life: Life) -> None:
        await life.until(lambda: "cycle left out" in caplog.text)
        assert server.runs == {}

    life = ready(SHORT)
    with caplog.at_level(logging.INFO), one_run_at_a_time(life.folder.state_dir / "run.lock"):
        life.live(story)


def test_an_internal_fault_does_not_end_it(
    ready: Callable[[timedelta], Life], server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    life = ready(SHORT)
    collect, broken = life.machine.collect, [True]

    def fail_once(previous: dict[str, Any]) -> Any:
        if broken:
            broken.clear()
            raise RuntimeError("a fault")
        return collect(previous)

    life.machine.collect = fail_once  # type: ignore[method-assign]

    async def story(life: Life) -> None:
        await life.until(lambda: len(server.runs) >= 1)

    life.live(story)
    assert "internal fault" in caplog.text


def test_the_servers_interval_is_used_where_none_is_given(
    ready: Callable[[timedelta], Life], server: FakeServer
) -> None:
    server.interval = timedelta(seconds=77)

    async def story(life: Life) -> None:
        await life.until(lambda: len(server.runs) == 1)

    life = ready(LONG)
    life.live(story)
    assert life.daemon._cycles.interval == timedelta(seconds=77)


def test_it_does_not_start_without_an_identity(folder: IdentityFolder, server: FakeServer) -> None:
    with pytest.raises(NotEnrolledError):
        asyncio.run(Life(server, folder, LONG).daemon.run())

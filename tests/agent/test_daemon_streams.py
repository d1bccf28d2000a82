"""The stream that a daemon holds: what it hears on it, and when it opens it anew."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.agent.conftest import enrolled
from tests.agent.fake_machine import policy
from tests.agent.test_daemon import LONG, Life
from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.journal.journal import Journal
from vigo.core.errors import UnauthenticatedError, UnavailableError
from vigo.core.ids import EnvoyId
from vigo.core.wire.stream_messages import AgentMessage, Beat, CheckInNow
from vigo.testing.fake_server import FakeServer


@pytest.fixture
def life(server: FakeServer, folder: IdentityFolder) -> Callable[..., Life]:
    enrolled(folder, server)
    server.publish(policy("one\n"), 1)
    return lambda interval=LONG: Life(server, folder, interval)


def the_envoy(server: FakeServer) -> EnvoyId:
    return next(iter(server.keys))


def test_a_request_on_the_stream_runs_a_cycle(life: Callable[..., Life], server: FakeServer) -> None:
    async def story(life: Life) -> None:
        await life.until(lambda: len(server.runs) == 1 and bool(server.streams))
        server.publish(policy("two\n"), 2)
        server.say(the_envoy(server), CheckInNow(timedelta(milliseconds=50)))
        await life.until(lambda: life.machine.fake.read_text("/file0") == "two\n" and len(server.runs) == 2)

    life().live(story)
    assert [run.cause for run in server.runs.values()] == ["interval", "command"]
    assert not server.streams, "it is let go with the daemon"


def test_each_beat_is_answered_and_check_ins_go_on_beside_it(life: Callable[..., Life], server: FakeServer) -> None:
    async def story(life: Life) -> None:
        await life.until(lambda: bool(server.streams))
        for _ in range(3):
            server.say(the_envoy(server), Beat())
        await life.until(lambda: server.heard == [Beat()] * 3)
        before = len(server.check_ins)
        await life.until(lambda: len(server.check_ins) > before)

    life(timedelta(milliseconds=100)).live(story)


def test_a_server_that_falls_silent_is_left_and_the_stream_opened_anew(
    life: Callable[..., Life], server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    openings: list[AgentMessage | None] = []
    real = server.hold

    def hold(opening: AgentMessage | None) -> EnvoyId:
        openings.append(opening)
        return real(opening)

    monkeypatch.setattr(server, "hold", hold)
    server.beat = timedelta(seconds=1)

    async def story(life: Life) -> None:
        await life.until(lambda: len(openings) == 2)
        await life.until(lambda: bool(server.streams))

    life().live(story)


def test_after_a_restart_of_the_server_the_stream_is_opened_anew(life: Callable[..., Life], server: FakeServer) -> None:
    async def story(life: Life) -> None:
        await life.until(lambda: bool(server.streams))
        former = server.streams[the_envoy(server)]
        server.stop()
        server.start()
        await life.until(lambda: server.streams.get(the_envoy(server), former) is not former)

    life().live(story)


def test_without_a_stream_cycles_go_on(
    life: Callable[..., Life], server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = 0

    def hold(_opening: AgentMessage | None) -> EnvoyId:
        nonlocal refused
        refused += 1
        raise UnavailableError("not now")

    monkeypatch.setattr(server, "hold", hold)

    async def story(life: Life) -> None:
        await life.until(lambda: refused >= 2 and len(server.runs) >= 4)

    life(timedelta(milliseconds=100)).live(story)


def test_a_process_has_its_journal_open_only_once(
    life: Callable[..., Life], server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LMDB allows no more. Cycles, the search for a server that is gone and the stream all take their turn with it."""
    is_open, most, opened = 0, 0, 0
    real_open, real_close = Journal.open, Journal.close

    def counted(state_dir: Path) -> Journal:
        nonlocal is_open, most, opened
        is_open, opened = is_open + 1, opened + 1
        most = max(most, is_open)
        return real_open(state_dir)

    def close(self: Journal) -> None:
        nonlocal is_open
        real_close(self)
        is_open -= 1

    monkeypatch.setattr(Journal, "open", counted)
    monkeypatch.setattr(Journal, "close", close)

    async def story(life: Life) -> None:
        for _ in range(3):
            await life.until(lambda: bool(server.streams))
            await asyncio.to_thread(server.stop)
            before = opened
            await life.until(lambda before=before: opened > before + 5)
            await asyncio.to_thread(server.start)

    life(timedelta(milliseconds=100)).live(story)
    assert (most, is_open) == (1, 0)


def test_an_envoy_that_is_refused_leaves_it_to_check_ins_to_try_again(
    life: Callable[..., Life], server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = 0

    def hold(_opening: AgentMessage | None) -> EnvoyId:
        nonlocal refused
        refused += 1
        raise UnauthenticatedError("not you")

    monkeypatch.setattr(server, "hold", hold)

    async def story(life: Life) -> None:
        await life.until(lambda: refused == 1)
        await life.until(lambda: not life.daemon._reachability._is_there.is_set())
        life.daemon.wake()
        await life.until(lambda: refused == 2)

    life().live(story)

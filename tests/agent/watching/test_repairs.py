import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from tests.agent.watching.fake_folders import FakeFolderEvents
from vigo.agent.engine.standing import Standing
from vigo.agent.report import CycleReport
from vigo.agent.watching.damping import AT_ONCE, FIRST_PAUSE
from vigo.agent.watching.fights import Fights
from vigo.agent.watching.repairs import FULL_CHECK_EVERY, Repairs
from vigo.catalog.api import ReadFiles
from vigo.catalog.ops import RemoveFile, WriteFile
from vigo.core.errors import BlockedError, ConflictError
from vigo.core.ids import Digest, GenerationNumber, ResourceId, new_run_id
from vigo.core.run import ResourceResult, Run
from vigo.testing.clock import START, FakeClock
from vigo.testing.fake_host import FakeHost

CONF, OTHER = ResourceId("web/conf"), ResourceId("web/other")
PATHS = {CONF: "/etc/conf", OTHER: "/etc/other"}
GOOD = b"good\n"
Story = Callable[["World"], Coroutine[Any, Any, None]]


class World:
    """Repairs of two files by a fake agent. Time stands still unless a test moves it."""

    def __init__(self, events: FakeFolderEvents | None = None) -> None:
        self.host = FakeHost(dict.fromkeys(PATHS.values(), "good\n"))
        self.clock = FakeClock()
        self.events = events or FakeFolderEvents("/etc")
        self.standing = Standing()
        self.repaired: list[frozenset[ResourceId]] = []
        self.remarks: list[Mapping[ResourceId, str]] = []
        self.checks = 0
        self.is_other_policy = False
        self.is_busy = False
        self.writer = "puppet (process 7)"
        self.asked_for: list[str] = []
        self.looked = 0
        for id_, path in PATHS.items():
            self.standing.look(id_, (path,), self.host)
        self._lock = asyncio.Lock()
        self.repairs = Repairs(
            self,
            lambda: self.events,
            self.clock,
            self._turn,
            self._work,
            self._check_all,
            Fights(self._name_writer),
            settle=timedelta(0),
        )

    def files(self) -> ReadFiles:
        self.looked += 1
        return self.host

    async def repair(self, ids: frozenset[ResourceId], remarks: Mapping[ResourceId, str]) -> CycleReport | None:
        if self.is_other_policy:
            return None
        self.repaired.append(ids)
        self.remarks.append(remarks)
        results = []
        for id_ in sorted(ids):
            is_drifted = self.host.read_bytes(PATHS[id_]) != GOOD
            if is_drifted:
                self.host.apply(WriteFile(path=PATHS[id_], content=GOOD))
            self.standing.look(id_, (PATHS[id_],), self.host)
            results.append(
                ResourceResult(
                    id=id_,
                    type="file",
                    outcome="changed" if is_drifted else "unchanged",
                    changed=("content",) if is_drifted else (),
                )
            )
        run = Run(
            id=new_run_id(),
            generation=GenerationNumber(1),
            bundle_digest=Digest("d"),
            started_at=START,
            duration_ms=1.0,
            results=tuple(results),
        )
        return CycleReport(run=run)

    def drift(self, id_: ResourceId, content: bytes = b"drifted content\n") -> None:
        self.host.apply(WriteFile(path=PATHS[id_], content=content))
        self.events.tell("/etc", PATHS[id_].removeprefix("/etc/"))

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not holds():  # noqa: ASYNC110 - the repairs run beside
                await asyncio.sleep(0.001)

    async def idle(self) -> None:
        """Return when all that was told is worked on."""
        await self.until(lambda: not self.events.waiting)
        reads = self.events.reads
        self.events.tell("/etc", "nobody's")
        await self.until(lambda: self.events.reads > reads and not self.events.waiting and not self._lock.locked())

    def live(self, story: Story) -> None:
        async def both() -> None:
            async with self._lock:
                self.repairs.follow()
            life = asyncio.create_task(self.repairs.run())
            try:
                await story(self)
                assert not life.done() or life.result()
            finally:
                life.cancel()
                await asyncio.gather(life, return_exceptions=True)

        asyncio.run(both())

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        async with self._lock:
            yield

    async def _work(self, work: Callable[[], Awaitable[CycleReport | None]]) -> CycleReport | None:
        if self.is_busy:
            self.is_busy = False
            raise ConflictError("another run")
        return await work()

    def _check_all(self) -> None:
        self.checks += 1

    async def _name_writer(self, path: str) -> str:
        self.asked_for.append(path)
        if not self.writer:
            raise BlockedError("not permitted")
        return self.writer


@pytest.fixture
def world() -> World:
    return World()


def test_what_drifted_is_repaired_and_nothing_else(world: World) -> None:
    async def story(world: World) -> None:
        world.drift(CONF)
        await world.until(lambda: world.repaired)
        await world.idle()

    world.live(story)
    assert world.repaired == [frozenset({CONF})]


def test_events_that_come_together_are_one_repair(world: World) -> None:
    async def story(world: World) -> None:
        for index in range(50):
            world.drift(CONF, b"drift %d\n" % index)
        world.drift(OTHER)
        await world.until(lambda: world.repaired)
        await world.idle()

    world.live(story)
    assert world.repaired == [frozenset({CONF, OTHER})]


def test_an_event_about_what_the_agent_itself_left_is_no_reason(world: World) -> None:
    async def story(world: World) -> None:
        for name in ("conf", "other", "conf"):
            world.events.tell("/etc", name)
        await world.idle()

    world.live(story)
    assert world.repaired == []


def test_what_is_fought_over_is_repaired_less_and_less_often_and_told_once_with_its_writer(world: World) -> None:
    async def story(world: World) -> None:
        for turn in range(AT_ONCE):
            world.drift(CONF)
            await world.until(lambda turn=turn: len(world.repaired) > turn)
        world.drift(CONF)
        await world.idle()
        assert len(world.repaired) == AT_ONCE
        for turn in range(2):
            world.clock.advance(FIRST_PAUSE * 2**turn)
            world.drift(CONF)
            await world.until(lambda turn=turn: len(world.repaired) == AT_ONCE + 1 + turn)

    world.live(story)
    told = [text for remarks in world.remarks for text in remarks.values()]
    assert len(told) == 1
    assert "fought over: repaired 5 times" in told[0]
    assert "puppet (process 7)" in told[0]
    assert world.asked_for == ["/etc/conf"]


def test_where_the_writer_cannot_be_named_the_report_says_so(world: World) -> None:
    world.writer = ""

    async def story(world: World) -> None:
        for turn in range(AT_ONCE):
            world.drift(CONF)
            await world.until(lambda turn=turn: len(world.repaired) > turn)
        world.clock.advance(FIRST_PAUSE)
        world.drift(CONF)
        await world.until(lambda: len(world.repaired) == AT_ONCE + 1)

    world.live(story)
    assert "writer unknown" in world.remarks[-1][CONF]


def test_lost_events_lead_to_a_full_check_at_most_so_often(world: World) -> None:
    async def story(world: World) -> None:
        world.events.overflow()
        await world.idle()
        assert world.checks == 0  # there was one a moment ago
        world.clock.advance(FULL_CHECK_EVERY)
        world.events.overflow()
        await world.until(lambda: world.checks == 1)
        for _ in range(20):
            world.events.overflow()
            await world.idle()

    world.live(story)
    assert world.checks == 1


def test_a_folder_that_is_lost_has_its_resources_looked_at_whatever_is_there(world: World) -> None:
    async def story(world: World) -> None:
        world.events.lose("/etc")
        await world.until(lambda: world.repaired)

    world.live(story)
    assert world.repaired[0] == frozenset({CONF, OTHER})


def test_another_policy_takes_a_full_check(world: World) -> None:
    world.is_other_policy = True

    async def story(world: World) -> None:
        world.clock.advance(FULL_CHECK_EVERY)
        world.drift(CONF)
        await world.until(lambda: world.checks == 1)

    world.live(story)
    assert world.repaired == []


def test_while_another_run_is_at_work_a_repair_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vigo.agent.watching.repairs.BUSY_REST", timedelta(0))
    world.is_busy = True

    async def story(world: World) -> None:
        world.drift(CONF)
        await world.until(lambda: world.repaired)

    world.live(story)
    assert world.repaired == [frozenset({CONF})]


def test_a_machine_that_allows_no_watches_is_said_so_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    world = World(FakeFolderEvents("/etc", most=1))

    async def story(world: World) -> None:
        for _ in range(3):
            world.events = FakeFolderEvents("/etc", most=1)
            world.repairs.follow()

    world.live(story)
    assert caplog.text.count("drift is repaired at the interval alone") == 1


def test_what_changed_between_the_run_and_its_watch_is_seen(world: World) -> None:
    world.host.apply(RemoveFile(path="/etc/conf"))

    async def story(world: World) -> None:
        await world.until(lambda: world.repaired)
        await world.idle()

    world.live(story)
    assert world.repaired == [frozenset({CONF})]


def test_nothing_to_watch_takes_no_watch(world: World) -> None:
    world.standing.watched.clear()

    async def story(world: World) -> None:
        del world

    world.live(story)
    assert world.events.handles == {}

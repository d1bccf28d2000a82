import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec

from tests.agent.conftest import Agent
from tests.agent.fake_machine import policy
from vigo.agent.cycle import Cycles
from vigo.agent.journal.journal import Journal
from vigo.agent.report import CycleReport
from vigo.catalog.ops import WriteFile
from vigo.core.ids import ResourceId
from vigo.core.run import Run

FIRST = ResourceId("web/0")


def live(agent: Agent, story: Callable[[Cycles], Coroutine[Any, Any, None]]) -> None:
    async def told() -> None:
        cycles = Cycles(agent.folder, lambda _identity: agent.machine, agent.clock, agent.stop, is_watching=True)
        try:
            await cycles.run()
            await story(cycles)
        finally:
            await cycles.close()

    asyncio.run(told())


def drift(agent: Agent) -> None:
    agent.machine.fake.apply(WriteFile(path="/file0", content=b"drift\n"))


async def repair(cycles: Cycles, remarks: Mapping[ResourceId, str] | None = None) -> CycleReport | None:
    return await cycles.repair(frozenset({FIRST}), remarks or {})


def waiting(agent: Agent) -> int:
    journal = Journal.open(agent.folder.state_dir)
    try:
        return journal.results.state().count
    finally:
        journal.close()


def test_a_repair_is_a_partial_run_that_waits_to_be_delivered(agent: Agent) -> None:
    async def story(cycles: Cycles) -> None:
        drift(agent)
        report = await repair(cycles)
        assert report is not None
        assert report.run is not None
        assert (report.run.partial, report.run.cause, [one.id for one in report.run.results]) == (
            True,
            "event",
            [FIRST],
        )
        assert agent.text("/file0") == "one\n"
        assert waiting(agent) == 1
        await cycles.deliver()

    live(agent, story)
    runs: list[Run] = sorted(agent.server.runs.values(), key=lambda run: run.partial)
    assert [run.partial for run in runs] == [False, True]
    assert waiting(agent) == 0


def test_a_repair_that_finds_nothing_new_is_not_reported(agent: Agent) -> None:
    async def story(cycles: Cycles) -> None:
        assert await repair(cycles) is not None
        assert waiting(agent) == 0
        drift(agent)
        await repair(cycles)
        await repair(cycles)
        assert waiting(agent) == 1

    live(agent, story)


def test_a_remark_is_reported_whatever_the_outcome(agent: Agent) -> None:
    async def story(cycles: Cycles) -> None:
        report = await repair(cycles, {FIRST: "fought over"})
        assert report is not None
        assert report.run is not None
        assert report.run.results[0].reason == "fought over"
        assert waiting(agent) == 1

    live(agent, story)


def test_another_policy_than_the_cycle_applied_is_left_to_the_next_cycle(agent: Agent) -> None:
    async def story(cycles: Cycles) -> None:
        agent.server.publish(policy("three\n"), 2)
        await asyncio.to_thread(agent.cycle)
        drift(agent)
        assert await repair(cycles) is None
        assert agent.text("/file0") == "drift\n"

    live(agent, story)


def test_a_refused_envoy_repairs_nothing_and_watches_nothing(agent: Agent) -> None:
    async def story(cycles: Cycles) -> None:
        agent.server.revoked.add(agent.identity.envoy)
        assert cycles.standing.watched
        await cycles.run()
        assert not cycles.standing.watched
        drift(agent)
        assert await repair(cycles) is None
        assert agent.text("/file0") == "drift\n"

    live(agent, story)


def test_a_policy_that_wants_the_interval_alone_has_nothing_watched(agent: Agent) -> None:
    agent.server.publish(msgspec.structs.replace(policy("one\n"), reconverge="interval"), 2)

    async def story(cycles: Cycles) -> None:
        assert agent.text("/file0") == "one\n"
        assert not cycles.standing.watched

    live(agent, story)


def test_the_last_whole_run_stays_what_the_agent_tells_of_itself(agent: Agent) -> None:
    async def story(cycles: Cycles) -> None:
        drift(agent)
        await repair(cycles)

    live(agent, story)
    journal = agent.journal()
    try:
        last = journal.state().last_run
        assert last is not None
        assert last.counts["changed"] == 2
    finally:
        journal.close()

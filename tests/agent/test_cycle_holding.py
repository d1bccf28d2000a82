"""Windows and `noop` over whole cycles: the server learns what would change, and `vigo status` says why it does not."""

import asyncio
from datetime import UTC, datetime, time, timedelta

import msgspec
import pytest

from tests.agent.conftest import Agent
from tests.agent.fake_machine import ORIGIN, policy
from vigo.agent.cycle import Cycles
from vigo.agent.report import CycleReport
from vigo.agent.status import read_status
from vigo.core.clock import SystemClock
from vigo.core.plan import Origin, Plan, Retry
from vigo.core.windows import DAYS, Window
from vigo.testing.fake_server import FakeServer


def closed() -> Window:
    """Return a window that is closed for days to come, whenever this runs."""
    return Window(days=(DAYS[(datetime.now(UTC).weekday() + 3) % 7],), start=time(10), end=time(12), timezone="UTC")


def with_settings(plan: Plan, **settings: object) -> Plan:
    return msgspec.structs.replace(plan, **settings)


def outside_window(agent: Agent) -> CycleReport:
    async def once() -> CycleReport:
        cycles = Cycles(agent.folder, lambda _identity: agent.machine, agent.clock, outside_window=True)
        try:
            return await cycles.run()
        finally:
            await cycles.close()

    return asyncio.run(once())


def lines(agent: Agent) -> dict[str, str]:
    shown = read_status(agent.folder.state_dir, SystemClock()).lines()
    return {line.partition(" ")[0]: line.partition(" ")[2].strip() for line in shown}


def test_outside_of_the_window_drift_is_reported_and_left_as_it_is(agent: Agent, server: FakeServer) -> None:
    server.publish(with_settings(policy("one\n"), windows=(closed(),)), 2)
    report = agent.cycle()
    assert report.delivered
    assert not report.has_failed
    (run,) = server.runs.values()
    (result,) = run.results
    assert (result.outcome, result.ops) == ("skipped", ("write /file0",))
    assert result.reason.startswith("outside the maintenance window (opens ")
    assert agent.text("/file0") is None
    assert lines(agent)["window"].startswith("closed, opens ")


def test_an_operator_may_have_it_done_now(agent: Agent, server: FakeServer) -> None:
    server.publish(with_settings(policy("one\n"), windows=(closed(),)), 2)
    agent.cycle()
    assert outside_window(agent).delivered
    assert agent.text("/file0") == "one\n"


def test_without_the_server_the_window_of_the_held_policy_counts(agent: Agent, server: FakeServer) -> None:
    server.publish(with_settings(policy("one\n"), windows=(closed(),)), 2)
    agent.cycle()
    server.stop()
    report = agent.cycle()
    assert report.offline
    assert agent.text("/file0") is None


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"noop": Origin("envoys.vgo", 3, 9)}, ("noop", "nothing is changed: `noop: true` (envoys.vgo:3:9)")),
        ({"noop_configcrates": {"web": ORIGIN}}, ("noop", "nothing of these is changed: web")),
        ({"windows": (Window(),)}, ("window", "open")),
        ({"windows": (Window(timezone="No/Where"),)}, ("window", "expected the time zone No/Where")),
    ],
)
def test_status_tells_what_holds_for_the_machine(
    agent: Agent, server: FakeServer, settings: dict[str, object], line: tuple[str, str]
) -> None:
    agent.cycle()
    assert not {"noop", "window"} & lines(agent).keys()
    server.publish(with_settings(policy("one\n"), **settings), 2)
    agent.cycle()
    assert line[1] in lines(agent)[line[0]]


def test_status_tells_until_when_a_window_is_open(agent: Agent, server: FakeServer) -> None:
    now = datetime.now(UTC)
    around = Window(start=(now - timedelta(hours=1)).time(), end=(now + timedelta(hours=2)).time(), timezone="UTC")
    server.publish(with_settings(policy("one\n"), windows=(around,)), 2)
    agent.cycle()
    assert lines(agent)["window"] == f"open until {(now + timedelta(hours=2)):%a %H:%M} UTC"


def test_what_is_tried_again_looks_at_the_machine_afresh(agent: Agent, server: FakeServer) -> None:
    plan = policy("one\n")
    resource = msgspec.structs.replace(plan.resources[0], fields={"path": "/no/such/folder/file", "content": "x"})
    retries = {resource.id: Retry(times=2, delay_seconds=0.001)}
    server.publish(msgspec.structs.replace(plan, resources=(resource,), retries=retries), 2)
    report = agent.cycle()
    assert report.run is not None
    assert "that was attempt 3 of 3" in report.run.results[0].reason
    assert agent.machine.looks == 2

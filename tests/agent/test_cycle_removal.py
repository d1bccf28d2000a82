"""Cycles of a whole agent: what disappears from the bundles of a server is undone from the journal, and reported."""

from datetime import timedelta

import msgspec

from tests.agent.conftest import Agent
from tests.agent.fake_machine import FakeMachine, policy
from vigo.agent.status import read_status
from vigo.core.clock import SystemClock
from vigo.core.plan import Plan
from vigo.testing.clock import FakeClock
from vigo.testing.fake_host import FakeHost
from vigo.testing.fake_server import FakeServer

EMPTY = policy()


def kept(*contents: str) -> Plan:
    return policy(*contents, on_remove="revert")


def on_a_used_machine(agent: Agent, server: FakeServer) -> None:
    """Let the agent apply a policy to a machine that has had its first file before."""
    agent.machine = FakeMachine(FakeHost({"/file0": "before\n"}))
    server.publish(kept("one\n", "two\n"), 1)
    agent.cycle()


def undo_records(agent: Agent) -> int:
    return read_status(agent.folder.state_dir, SystemClock()).undo_records


def test_what_disappears_is_undone_and_reported_like_any_other_result(agent: Agent, server: FakeServer) -> None:
    on_a_used_machine(agent, server)
    assert undo_records(agent) == 2
    server.publish(msgspec.structs.replace(EMPTY, roles=("other",)), 2)
    report = agent.cycle()
    assert report.run is not None
    assert [(one.id, one.type, one.outcome) for one in report.run.results] == [
        ("web/1", "file", "changed"),
        ("web/0", "file", "changed"),
    ]
    assert list(server.runs.values())[-1] == report.run
    assert (agent.text("/file0"), agent.text("/file1")) == ("before\n", None)
    assert undo_records(agent) == 0
    again = agent.cycle().run
    assert again is not None
    assert again.results == ()


def test_it_is_undone_once_the_bundle_is_there_even_when_the_server_is_gone_by_then(
    agent: Agent, server: FakeServer
) -> None:
    on_a_used_machine(agent, server)
    server.publish(EMPTY, 2)
    agent.stop = lambda: "the agent was asked to stop"
    stopped = agent.cycle().run
    assert stopped is not None
    assert {one.outcome for one in stopped.results} == {"skipped"}
    assert agent.text("/file0") == "one\n"
    agent.stop = lambda: ""
    server.stop()
    assert agent.cycle().offline
    assert agent.text("/file0") == "before\n"


def test_where_no_entry_matches_any_more_nothing_is_undone(agent: Agent, server: FakeServer) -> None:
    on_a_used_machine(agent, server)
    server.bundle = None
    report = agent.cycle()
    assert report.run is None
    assert agent.text("/file0") == "one\n"
    assert undo_records(agent) == 2
    server.publish(EMPTY, 2)
    agent.cycle()
    assert agent.text("/file0") == "before\n"


def test_a_bundle_that_is_not_accepted_undoes_nothing(agent: Agent, server: FakeServer) -> None:
    on_a_used_machine(agent, server)
    server.publish(policy(match=("db-*",)), 9)
    assert agent.cycle().has_failed
    assert agent.text("/file0") == "one\n"
    agent.clock = FakeClock(SystemClock().now() + timedelta(days=40))
    server.stop()
    assert agent.cycle().run is None
    assert agent.text("/file0") == "one\n"


def test_a_revoked_envoy_undoes_nothing(agent: Agent, server: FakeServer) -> None:
    on_a_used_machine(agent, server)
    server.publish(EMPTY, 2)
    server.revoked.add(agent.identity.envoy)
    assert agent.cycle().refused
    assert agent.text("/file0") == "one\n"


def test_a_dry_run_shows_it_and_keeps_the_records(agent: Agent, server: FakeServer) -> None:
    on_a_used_machine(agent, server)
    server.publish(EMPTY, 2)
    dry = agent.cycle(dry_run=True).run
    assert dry is not None
    assert [one.ops for one in dry.results] == [("remove /file1",), ("write /file0",)]
    assert agent.text("/file0") == "one\n"
    assert undo_records(agent) == 2
    assert len(server.runs) == 1


def test_the_status_tells_how_many_records_there_are(agent: Agent, server: FakeServer) -> None:
    on_a_used_machine(agent, server)
    lines = list(read_status(agent.folder.state_dir, SystemClock()).lines())
    assert "undo         2 resources can be undone when they leave the policy" in lines
    server.publish(EMPTY, 2)
    agent.cycle()
    assert not any(line.startswith("undo") for line in read_status(agent.folder.state_dir, SystemClock()).lines())

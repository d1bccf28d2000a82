import asyncio
import re
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from tests.agent.conftest import Agent
from tests.agent.fake_machine import FakeMachine, policy
from vigo.agent.cycle import Cycles
from vigo.agent.identity.identity import IdentityFolder
from vigo.core.clock import SystemClock
from vigo.core.errors import NotEnrolledError
from vigo.core.ids import GenerationNumber
from vigo.core.signing import SigningKey
from vigo.testing.clock import FakeClock
from vigo.testing.fake_server import FakeServer


def _signed_by_another(server: FakeServer) -> None:
    genuine, server.policy_key = server.policy_key, SigningKey.generate()
    server.publish(policy("evil\n"), 9)
    server.policy_key = genuine


def test_a_cycle_applies_the_policy_and_reports_every_resource(agent: Agent, server: FakeServer) -> None:
    report = agent.cycle()
    assert report.delivered
    assert not report.offline
    assert not report.has_failed
    assert agent.text("/file0") == "one\n"
    (run,) = server.runs.values()
    assert run == report.run
    assert [(result.id, result.outcome) for result in run.results] == [("web/0", "changed"), ("web/1", "changed")]
    assert server.traits[agent.identity.envoy] == {"os": {"family": "debian"}}


def test_a_second_cycle_has_nothing_to_do_and_sends_neither_traits_nor_asks_for_the_bundle(
    agent: Agent, server: FakeServer
) -> None:
    agent.cycle()
    report = agent.cycle()
    assert report.run is not None
    assert report.run.worst() == "unchanged"
    first, second = server.check_ins
    assert first.traits
    assert not second.traits
    assert second.fingerprint.bundle_digest == server.bundle.digest if server.bundle else None
    assert second.fingerprint.outcome_digest != ""


def test_traits_are_sent_again_when_they_changed_or_the_server_asks(agent: Agent, server: FakeServer) -> None:
    agent.cycle()
    agent.machine.traits = {"os": {"family": "suse"}}
    agent.cycle()
    assert server.traits[agent.identity.envoy]["os"]["family"] == "suse"
    server.traits_digest.clear()
    server.traits.clear()
    agent.cycle()
    assert server.traits[agent.identity.envoy]["os"]["family"] == "suse"


def test_without_a_server_the_held_policy_is_applied_and_the_results_wait(agent: Agent, server: FakeServer) -> None:
    agent.cycle()
    server.stop()
    agent.machine.fake.tree._put(
        "/file0", msgspec.structs.replace(agent.machine.fake.snapshot()["/file0"], content=b"x")
    )
    report = agent.cycle()
    assert report.offline
    assert not report.delivered
    assert not report.has_failed
    assert "policy of generation 1 held here is applied" in report.message
    assert agent.text("/file0") == "one\n"
    assert report.waiting_runs == 1
    server.start()
    assert agent.cycle().delivered
    offline = [run.offline for run in server.runs.values()]
    assert offline == [False, True, False]


def test_results_arrive_in_order_and_once_when_the_server_returns(agent: Agent, server: FakeServer) -> None:
    agent.cycle()
    server.stop()
    made = [agent.cycle().run for _ in range(5)]
    server.start()
    made.append(agent.cycle().run)
    assert list(server.runs.values())[1:] == made
    assert server.reports == len(server.runs)


def test_the_first_cycle_without_a_server_applies_nothing_and_says_so(agent: Agent, server: FakeServer) -> None:
    server.stop()
    report = agent.cycle()
    assert report.has_failed
    assert report.run is None
    assert "no policy is held yet" in report.message
    assert "nothing listens there" in report.message


def test_no_policy_for_the_host_applies_nothing_and_says_so(agent: Agent, server: FakeServer) -> None:
    agent.cycle()
    bundle, server.bundle = server.bundle, None
    agent.machine.fake.applied.clear()
    report = agent.cycle()
    assert "no policy matches web-1" in report.message
    assert not report.has_failed
    assert report.run is None
    server.stop()
    assert "no policy matches web-1" in agent.cycle().message
    server.start()
    server.bundle = bundle
    assert agent.cycle().run is not None


def test_a_revoked_envoy_changes_nothing_and_says_so(agent: Agent, server: FakeServer) -> None:
    agent.cycle()
    server.publish(policy("changed\n"), 2)
    server.revoked.add(agent.identity.envoy)
    report = agent.cycle()
    assert report.refused
    assert report.has_failed
    assert "was revoked" in report.message
    server.stop()
    offline = agent.cycle()
    assert offline.refused
    assert "refused this envoy when it last answered" in offline.message
    assert agent.cycle(contact=False).refused
    server.start()
    server.revoked.clear()
    server.bundle = None
    assert not agent.cycle().refused
    assert agent.text("/file0") == "one\n"


@pytest.mark.parametrize(
    ("publish", "told"),
    [
        (_signed_by_another, "pinned policy key"),
        (lambda server: server.publish(policy("evil\n", match=("db-*",)), 9), "for web-1, found one for db"),
        (lambda server: server.publish(policy("old\n"), 3), "generation 5 or later, found 3"),
        (lambda server: server.publish(policy("old\n"), 9, timedelta(days=-1)), "expired"),
    ],
    ids=["signature", "host", "generation", "expiry"],
)
def test_a_bundle_that_is_not_accepted_leaves_the_held_one_in_force(
    agent: Agent, server: FakeServer, publish: Callable[[FakeServer], object], told: str
) -> None:
    server.publish(policy("good\n"), 5)
    agent.cycle()
    publish(server)
    report = agent.cycle()
    assert told in report.message
    assert report.has_failed
    assert report.run is not None
    assert report.run.generation == 5
    assert agent.text("/file0") == "good\n"


def test_a_bundle_past_half_of_its_life_is_asked_for_anew(agent: Agent, server: FakeServer) -> None:
    agent.clock = FakeClock(SystemClock().now())
    agent.cycle()
    agent.clock.advance(timedelta(days=16))
    server.publish(policy("one\n", "two\n"), 1, timedelta(days=60))
    agent.cycle()
    assert server.check_ins[-1].fingerprint.bundle_digest == ""
    agent.cycle()
    assert server.check_ins[-1].fingerprint.bundle_digest != ""


def test_an_expired_bundle_is_not_applied_and_told(agent: Agent, server: FakeServer) -> None:
    agent.clock = FakeClock(SystemClock().now())
    agent.cycle()
    server.stop()
    agent.clock.advance(timedelta(days=31))
    report = agent.cycle()
    assert report.has_failed
    assert report.run is None
    assert re.search("expired at .* check `timedatectl`", report.message)


def test_a_dry_run_changes_nothing_and_reports_nothing(agent: Agent, server: FakeServer) -> None:
    report = agent.cycle(dry_run=True)
    assert report.run is not None
    assert report.run.worst() == "changed"
    assert agent.machine.fake.applied == []
    assert server.runs == {}
    journal = agent.journal()
    assert journal.results.state().count == 0
    journal.close()


def test_a_failed_resource_is_a_failed_cycle(agent: Agent, server: FakeServer) -> None:
    server.publish(policy("x", match=("*",), conditions=()), 2)
    server.publish(
        msgspec.structs.replace(
            policy("x"), resources=(msgspec.structs.replace(policy("x").resources[0], type="nothing"),)
        ),
        3,
    )
    assert agent.cycle().has_failed


def test_without_contact_the_server_is_left_alone(agent: Agent, server: FakeServer) -> None:
    agent.cycle()
    calls = len(server.calls)
    assert agent.cycle(contact=False).offline
    assert len(server.calls) == calls


def test_a_machine_that_is_not_enrolled_is_told_what_to_do(folder: IdentityFolder) -> None:
    cycles = Cycles(folder, lambda _identity: FakeMachine(), SystemClock())
    with pytest.raises(NotEnrolledError, match="vigo enroll --server"):
        asyncio.run(cycles.run())


def test_the_highest_generation_is_remembered(agent: Agent, server: FakeServer) -> None:
    server.publish(policy("one\n"), 8)
    agent.cycle()
    journal = agent.journal()
    assert journal.state().highest_generation == GenerationNumber(8)
    journal.close()

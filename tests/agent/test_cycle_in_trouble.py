from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import msgspec
import pytest

from tests.agent.conftest import Agent, enrolled
from tests.agent.fake_machine import FakeMachine, policy
from tests.agent.journal.conftest import run_of
from vigo.agent.conversation import fitting
from vigo.catalog.ops import Op
from vigo.core.clock import SystemClock
from vigo.core.errors import InvalidError, UnavailableError
from vigo.core.ids import ResourceId
from vigo.core.traits import MAX_TRAITS_BYTES
from vigo.core.wire.messages import Methods, SignedRequest
from vigo.testing.clock import FakeClock
from vigo.testing.fake_server import FakeServer


def test_a_certificate_past_two_thirds_of_its_life_is_renewed_with_a_new_key(agent: Agent, server: FakeServer) -> None:
    agent.clock = FakeClock(SystemClock().now())
    former = agent.folder.tls_path.read_bytes()
    agent.cycle()
    assert agent.folder.tls_path.read_bytes() == former
    agent.clock.advance(timedelta(days=61))
    server.certificate_life = timedelta(days=300)
    server.publish(policy("one\n"), 2, timedelta(days=200))
    assert agent.cycle().delivered
    renewed = agent.folder.load()
    assert agent.folder.tls_path.read_bytes() != former
    assert renewed.certificate_expires_at > agent.identity.certificate_expires_at
    assert server.calls.count(Methods.RENEW_CERTIFICATE) == 1
    assert agent.cycle().delivered
    assert server.calls.count(Methods.RENEW_CERTIFICATE) == 1


def test_a_failed_renewal_keeps_the_certificate_and_the_cycle(agent: Agent, server: FakeServer) -> None:
    agent.clock = FakeClock(SystemClock().now())
    agent.clock.advance(timedelta(days=61))
    server.publish(policy("one\n"), 2, timedelta(days=200))
    former = agent.folder.tls_path.read_bytes()

    def refuse(method: str, _request: SignedRequest) -> None:
        if method == Methods.RENEW_CERTIFICATE:
            raise InvalidError("not today")

    server.intercept = refuse
    assert agent.cycle().delivered
    assert agent.folder.tls_path.read_bytes() == former


def test_a_run_that_the_server_never_takes_does_not_hold_up_the_others(agent: Agent, server: FakeServer) -> None:
    refused: list[str] = []

    def refuse_the_first(method: str, request: SignedRequest) -> None:
        if method == Methods.REPORT_RESULT and not refused:
            refused.append(method)
            raise InvalidError("this run has a field that no server takes")

    server.stop()
    journal = agent.journal()
    journal.belongs_to(agent.identity.envoy)
    journal.results.push(run_of("changed"))
    journal.close()
    server.start()
    server.intercept = refuse_the_first
    assert agent.cycle().delivered
    assert len(server.runs) == 1


def test_a_stop_ends_after_the_present_resource_and_keeps_the_results(agent: Agent, server: FakeServer) -> None:
    agent.stop = lambda: "asked to stop" if agent.machine.fake.applied else ""
    report = agent.cycle()
    assert report.run is not None
    assert [result.outcome for result in report.run.results] == ["changed", "skipped"]
    assert (report.delivered, report.waiting_runs) == (False, 1)
    agent.stop = lambda: ""
    agent.cycle()
    assert [run.worst() for run in server.runs.values()] == ["changed", "changed"]


def test_a_full_disk_delivers_at_once_what_cannot_be_stored(
    agent: Agent, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise UnavailableError("the disk is full")

    monkeypatch.setattr("vigo.agent.journal.queue.ResultsQueue.push", full)
    agent.cycle()
    assert len(server.runs) == 1


def test_a_damaged_journal_heals_in_the_next_cycle(agent: Agent, server: FakeServer) -> None:
    agent.cycle()
    (agent.folder.state_dir / "journal" / "data.mdb").write_bytes(b"garbage" * 3_000)
    report = agent.cycle()
    assert report.delivered
    assert report.run is not None
    numbers = [request.sequence for request in server.requests if request.session]
    assert numbers == sorted(set(numbers))


def test_another_identity_takes_nothing_over(agent: Agent, server: FakeServer) -> None:
    agent.cycle()
    server.stop()
    agent.cycle()
    server.start()
    enrolled(agent.folder, server, force=True)
    agent.cycle()
    assert len(server.runs) == 2
    assert server.check_ins[-1].fingerprint.bundle_digest == ""


def test_a_notified_resource_survives_a_kill_between_two_cycles(agent: Agent, server: FakeServer) -> None:
    plan = policy("one\n", "two\n")
    notifier, handler = plan.resources
    linked = (
        msgspec.structs.replace(notifier, notify=(ResourceId("web/1"),)),
        msgspec.structs.replace(handler, only_when_notified=True),
    )
    server.publish(msgspec.structs.replace(plan, resources=linked), 2)

    class Killed(BaseException):
        pass

    def kill(op: Op) -> None:
        if op.summary() == "write /file1":
            raise Killed

    agent.machine.before = kill
    with pytest.raises(Killed):
        agent.cycle()
    assert (agent.text("/file0"), agent.text("/file1")) == ("one\n", None)
    agent.machine.before = lambda _op: None
    agent.cycle()
    assert agent.text("/file1") == "two\n"


def test_a_run_whose_acknowledgement_was_lost_is_sent_again_and_stored_once(agent: Agent, server: FakeServer) -> None:
    def break_after_storing(method: str, request: SignedRequest) -> None:
        if method == Methods.REPORT_RESULT:
            server.intercept = lambda _method, _request: None
            server.sequences[request.envoy] = request.sequence - 1
            server.answer(method, request.to_bytes())
            raise UnavailableError("the connection broke")

    server.intercept = break_after_storing
    agent.cycle()
    agent.cycle()
    assert server.reports > len(server.runs) == 2


def test_a_journal_that_cannot_be_written_does_not_keep_the_machine_from_its_policy(
    agent: Agent, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.cycle()
    agent.machine.fake = FakeMachine().fake

    @contextmanager
    def full(_store: object) -> Iterator[None]:
        raise UnavailableError("the disk is full")
        yield

    monkeypatch.setattr("vigo.agent.journal.store.Store.writing", full)
    report = agent.cycle()
    assert report.run is not None
    assert agent.text("/file0") == "one\n"


def test_traits_over_the_limit_are_sent_less_the_largest_set() -> None:
    small, large = {"id": "x"}, {"all": "x" * MAX_TRAITS_BYTES}
    assert fitting({"os": small, "packages": large}) == {"os": small}
    assert fitting({"os": small}) == {"os": small}


def test_a_result_that_cannot_be_struck_out_is_told_again_and_costs_nothing_else(
    agent: Agent, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise UnavailableError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("vigo.agent.journal.queue.ResultsQueue.remove", full)
        report = agent.cycle()
        assert report.run is not None
        assert (report.delivered, report.waiting_runs) == (False, 1)
    assert agent.cycle().delivered
    assert len(server.runs) == 2

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.agent.conftest import Agent
from tests.agent.fake_machine import policy
from vigo.agent.conversation import was_refused
from vigo.agent.cycle import LONGEST_INTERVAL, Cycles
from vigo.agent.identity.identity import IdentityFolder
from vigo.catalog.ops import WriteFile
from vigo.core.ids import ServerId, SessionId
from vigo.core.wire.messages import Hello, Methods, SignedRequest
from vigo.testing.fake_server import FakeServer

# A fatal alert in a record of its own, unencrypted, as anybody on the way can send it. Source: RFC 8446 section 6.
ALERTS = {"bad_certificate": 42, "certificate_expired": 45, "unknown_ca": 48, "access_denied": 49, "required": 116}


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def agent(server: FakeServer, tmp_path: Path) -> Agent:
    made = Agent(server, IdentityFolder(tmp_path / "state"))
    server.publish(policy("one\n"), 1)
    assert made.cycle().delivered
    return made


@contextmanager
def _saying(port: int, answer: Callable[[socket.socket], None]) -> Iterator[None]:
    """Listen where the server was, and treat every connection alike."""
    listening = socket.create_server(("127.0.0.1", port))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def _heals_alone(agent: Agent) -> str:
    """Return what the agent told of a cycle in which it healed the machine without a server."""
    agent.machine.fake.apply(WriteFile(path="/file0", content=b"broken"))
    report = agent.cycle()
    assert (report.offline, report.refused) == (True, False)
    assert agent.text("/file0") == "one\n"
    journal = agent.journal()
    assert not was_refused(journal)
    journal.close()
    return report.message


@pytest.mark.parametrize("number", ALERTS.values(), ids=ALERTS)
def test_20_an_alert_that_anybody_can_write_does_not_stop_convergence(
    agent: Agent, server: FakeServer, number: int
) -> None:
    server.stop()
    alert = b"\x15\x03\x03\x00\x02\x02" + bytes([number])
    with _saying(server.grpc_port, lambda connection: connection.sendall(alert)):
        assert "does not accept this machine's certificate" in _heals_alone(agent)


@pytest.mark.parametrize("garbage", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"\x16\x03\x03\xff\xff" + b"\0" * 70_000])
def test_20_garbage_instead_of_tls_does_not_stop_convergence(agent: Agent, server: FakeServer, garbage: bytes) -> None:
    def answer(connection: socket.socket) -> None:
        try:
            connection.sendall(garbage)
        except OSError:
            return  # it hung up in the middle of it

    server.stop()
    with _saying(server.grpc_port, answer):
        _heals_alone(agent)


@pytest.mark.parametrize("sequence", [2**62 + 1, 2**63, 2**64 - 1])
def test_20_a_sequence_that_would_use_up_all_numbers_is_not_taken(
    agent: Agent, server: FakeServer, sequence: int
) -> None:
    def rogue(method: str, _request: SignedRequest) -> bytes | None:
        return Hello(ServerId("s"), SessionId("t"), sequence).to_bytes() if method == Methods.HELLO else None

    server.intercept = rogue
    assert "expected a sequence up to" in _heals_alone(agent)
    server.intercept = lambda _method, _request: None
    assert agent.cycle().delivered


def test_20_an_interval_of_years_is_not_obeyed(agent: Agent, server: FakeServer) -> None:
    server.interval = timedelta(seconds=2**32 - 1)

    async def interval() -> timedelta:
        cycles = Cycles(agent.folder, lambda _identity: agent.machine, agent.clock)
        await cycles.run()
        await cycles.close()
        return cycles.interval

    assert asyncio.run(interval()) == LONGEST_INTERVAL


@pytest.mark.parametrize("method", Methods.ALL)
def test_20_an_answer_that_is_no_message_does_not_stop_convergence(
    agent: Agent, server: FakeServer, method: str
) -> None:
    server.intercept = lambda called, _request: b"\xff" * 100 if called == method else None
    agent.machine.fake.apply(WriteFile(path="/file0", content=b"broken"))
    assert not agent.cycle().refused
    assert agent.text("/file0") == "one\n"

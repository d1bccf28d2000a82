import asyncio
import ssl
import threading
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
import pytest

from tests.agent.conftest import enrolled
from tests.agent.journal.conftest import run_of
from vigo.agent.identity.identity import Identity, IdentityFolder
from vigo.agent.journal.journal import Journal
from vigo.agent.link.channel import MAX_MESSAGE_BYTES
from vigo.agent.link.link import SEQUENCE_BLOCK, Link
from vigo.agent.link.mark import machine_mark
from vigo.core.clock import SystemClock
from vigo.core.errors import (
    InvalidError,
    StaleSessionError,
    TimedOutError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
    VigoError,
)
from vigo.core.wire.messages import CheckIn, Fingerprint, Greeting, Methods, SignedRequest
from vigo.testing.fake_pki import FakeCa
from vigo.testing.fake_server import FakeServer

T = TypeVar("T")
CHECK_IN = CheckIn(fingerprint=Fingerprint())


class Sequences:
    """Numbers as the journal gives them, without a disk."""

    def __init__(self, start: int = 0) -> None:
        self.top = start
        self.reservations = 0

    def reserve_sequence(self, count: int, above: int = 0) -> range:
        first = max(self.top, above) + 1
        self.top = first + count - 1
        self.reservations += 1
        return range(first, first + count)

    def sequence(self) -> int:
        return self.top


@pytest.fixture
def identity(server: FakeServer, folder: IdentityFolder) -> Identity:
    return enrolled(folder, server)


def linked(identity: Identity, folder: IdentityFolder, sequences: Sequences | None = None) -> Link:
    link = Link(identity, folder, SystemClock())
    link.use(sequences or Sequences())
    return link


def run(link: Link, *work: Coroutine[Any, Any, T]) -> list[T]:
    async def everything() -> list[T]:
        try:
            return [await one for one in work]
        finally:
            await link.close()
            for one in work:
                one.close()

    return asyncio.run(everything())


def test_hello_comes_first_and_once(server: FakeServer, identity: Identity, folder: IdentityFolder) -> None:
    link = linked(identity, folder)
    answers = run(link, link.check_in(CHECK_IN), link.check_in(CHECK_IN))
    assert server.calls == [Methods.HELLO, Methods.CHECK_IN, Methods.CHECK_IN]
    assert answers[0].without_policy
    hello = server.requests[0]
    assert (hello.server, hello.session) == ("", "")
    assert Greeting.from_bytes(hello.body).mark == machine_mark(identity.envoy)


def test_the_sequence_only_grows_and_is_reserved_in_blocks(
    server: FakeServer, identity: Identity, folder: IdentityFolder
) -> None:
    sequences = Sequences()
    link = linked(identity, folder, sequences)
    run(link, *(link.check_in(CHECK_IN) for _ in range(SEQUENCE_BLOCK)))
    numbers = [request.sequence for request in server.requests]
    assert numbers == sorted(set(numbers))
    assert sequences.reservations == 2
    assert max(numbers) <= sequences.top


def test_numbers_left_over_are_not_used_once_another_process_reserved_more(
    server: FakeServer, identity: Identity, folder: IdentityFolder
) -> None:
    sequences = Sequences()
    link = linked(identity, folder, sequences)
    run(link, link.check_in(CHECK_IN))
    sequences.reserve_sequence(10)
    link.use(sequences)
    run(link, link.check_in(CHECK_IN))
    assert server.requests[-1].sequence > SEQUENCE_BLOCK + 10
    assert server.calls.count(Methods.CHECK_IN) == 2


def test_a_server_started_anew_is_greeted_anew(server: FakeServer, identity: Identity, folder: IdentityFolder) -> None:
    link = linked(identity, folder)

    async def story() -> None:
        await link.check_in(CHECK_IN)
        server.sessions += 1
        await link.check_in(CHECK_IN)

    run(link, story())
    assert server.calls == [Methods.HELLO, Methods.CHECK_IN, Methods.CHECK_IN, Methods.HELLO, Methods.CHECK_IN]


def test_a_state_folder_from_a_backup_catches_up(
    server: FakeServer, identity: Identity, folder: IdentityFolder
) -> None:
    server.sequences[identity.envoy] = 1_000
    link = linked(identity, folder)
    run(link, link.check_in(CHECK_IN))
    assert server.requests[-1].sequence > 1_000


def test_a_number_seen_meanwhile_is_followed_by_a_higher_one(
    server: FakeServer, identity: Identity, folder: IdentityFolder
) -> None:
    link = linked(identity, folder)

    async def story() -> None:
        await link.check_in(CHECK_IN)
        server.sequences[identity.envoy] = 50
        await link.check_in(CHECK_IN)

    run(link, story())
    assert server.requests[-1].sequence > 50


def test_a_refusal_repeats_once_and_then_ends(server: FakeServer, identity: Identity, folder: IdentityFolder) -> None:
    def stale(method: str, _request: SignedRequest) -> None:
        if method == Methods.CHECK_IN:
            raise StaleSessionError("again")

    server.intercept = stale
    link = linked(identity, folder)
    with pytest.raises(StaleSessionError):
        run(link, link.check_in(CHECK_IN))
    assert server.calls.count(Methods.CHECK_IN) == 2


@pytest.mark.parametrize("error", [UnauthenticatedError("revoked"), InvalidError("no"), TooLargeError("much")])
def test_what_the_server_refuses_arrives_as_its_own_error(
    server: FakeServer, identity: Identity, folder: IdentityFolder, error: VigoError
) -> None:
    def refuse(method: str, _request: SignedRequest) -> None:
        if method == Methods.REPORT_RESULT:
            raise error

    server.intercept = refuse
    link = linked(identity, folder)
    with pytest.raises(type(error), match=str(error)):
        run(link, link.report(run_of()))


def test_a_report_is_acknowledged_and_repeating_it_says_so(
    server: FakeServer, identity: Identity, folder: IdentityFolder
) -> None:
    link = linked(identity, folder)
    one = run_of("changed")
    answers = run(link, link.report(one), link.report(one))
    assert [answer.stored_before for answer in answers] == [False, True]
    assert list(server.runs.values()) == [one]


def test_a_connection_dropped_since_is_opened_anew(
    server: FakeServer, identity: Identity, folder: IdentityFolder
) -> None:
    link = linked(identity, folder)

    async def story() -> None:
        await link.check_in(CHECK_IN)
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        await link.check_in(CHECK_IN)

    run(link, story())
    assert server.calls[-2:] == [Methods.HELLO, Methods.CHECK_IN]


def test_every_known_server_is_tried(server: FakeServer, identity: Identity, folder: IdentityFolder) -> None:
    addresses = ("127.0.0.1:1", "nowhere.invalid:1530", *identity.grpc_addresses)
    link = linked(msgspec.structs.replace(identity, grpc_addresses=addresses), folder)
    run(link, link.check_in(CHECK_IN))
    assert server.calls == [Methods.HELLO, Methods.CHECK_IN]


def test_where_none_answers_each_ones_reason_is_told(
    server: FakeServer, identity: Identity, folder: IdentityFolder
) -> None:
    server.stop()
    addresses = (*identity.grpc_addresses, "nowhere.invalid:1530")
    link = linked(msgspec.structs.replace(identity, grpc_addresses=addresses), folder)
    with pytest.raises(UnavailableError) as caught:
        run(link, link.check_in(CHECK_IN))
    assert "nothing listens there" in str(caught.value)
    assert "cannot be resolved" in str(caught.value)


def test_a_revoked_envoy_is_told_so(server: FakeServer, identity: Identity, folder: IdentityFolder) -> None:
    server.revoked.add(identity.envoy)
    link = linked(identity, folder)
    with pytest.raises(UnauthenticatedError, match="was revoked"):
        run(link, link.check_in(CHECK_IN))


def test_a_server_of_another_ca_gets_not_one_request(
    server: FakeServer, identity: Identity, folder: IdentityFolder
) -> None:
    with FakeServer() as impostor:
        link = linked(msgspec.structs.replace(identity, grpc_addresses=(f"127.0.0.1:{impostor.grpc_port}",)), folder)
        with pytest.raises(UnavailableError, match="pinned CA signed"):
            run(link, link.check_in(CHECK_IN))
        assert impostor.calls == []


def test_an_envoys_certificate_presented_as_a_server_is_refused(
    server: FakeServer, identity: Identity, folder: IdentityFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = folder.tls_path.read_text()
    server.stop()
    monkeypatch.setattr(FakeCa, "server_pem", lambda *_arguments: tls)
    server.start()
    link = linked(identity, folder)
    with pytest.raises(UnavailableError, match="pinned CA signed"):
        run(link, link.check_in(CHECK_IN))
    assert server.calls == []


def test_a_server_under_another_name_is_refused(server: FakeServer, identity: Identity, folder: IdentityFolder) -> None:
    server.stop()
    server.names = ("elsewhere.example.com",)
    server.start()
    link = linked(identity, folder)
    with pytest.raises(UnavailableError, match="for another name"):
        run(link, link.check_in(CHECK_IN))


def test_a_clock_that_is_off_is_explained(server: FakeServer, identity: Identity, folder: IdentityFolder) -> None:
    server.stop()
    server.certificate_begins_at = datetime.now(UTC) + timedelta(days=1)
    server.start()
    link = linked(identity, folder)
    with pytest.raises(UnavailableError, match="not yet valid: this machine's clock says"):
        run(link, link.check_in(CHECK_IN))


def test_a_client_certificate_that_the_server_refuses_is_told(
    server: FakeServer, identity: Identity, folder: IdentityFolder
) -> None:
    server.stop()
    make_context = server._context

    def distrusting(*, mutual: bool) -> ssl.SSLContext:
        context = make_context(mutual=False)
        if mutual:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=FakeCa("another").pem)
            context.set_alpn_protocols(["h2"])
        return context

    server._context = distrusting  # type: ignore[method-assign]
    server.start()
    link = linked(identity, folder)
    with pytest.raises(VigoError, match="this machine's certificate"):
        run(link, link.check_in(CHECK_IN))


def test_an_answer_over_the_limit_is_not_read(
    server: FakeServer, identity: Identity, folder: IdentityFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vigo.agent.link.channel.MAX_MESSAGE_BYTES", 1_000)
    server.intercept = lambda method, _request: b"x" * 2_000_000 if method == Methods.CHECK_IN else None
    link = linked(identity, folder)
    with pytest.raises(TooLargeError, match="it was not read"):
        run(link, link.check_in(CHECK_IN))
    assert MAX_MESSAGE_BYTES > 64 * 1024 * 1024


def test_garbage_for_an_answer_is_told(server: FakeServer, identity: Identity, folder: IdentityFolder) -> None:
    server.intercept = lambda method, _request: b"\xff\xff\xff" if method == Methods.CHECK_IN else None
    link = linked(identity, folder)
    with pytest.raises(InvalidError, match="CheckInResponse"):
        run(link, link.check_in(CHECK_IN))


async def _talk_to(identity: Identity, folder: IdentityFolder, speech: bytes) -> None:

    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(speech)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = linked(msgspec.structs.replace(identity, grpc_addresses=(f"127.0.0.1:{port}",)), folder)
    try:
        await link.check_in(CHECK_IN)
    finally:
        await link.close()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("speech", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"\0" * 100], ids=["closes", "ssh", "zeros"])
def test_a_port_that_is_no_vigosrv_is_told(
    server: FakeServer, identity: Identity, folder: IdentityFolder, speech: bytes
) -> None:
    with pytest.raises(UnavailableError):
        asyncio.run(_talk_to(identity, folder, speech))


def test_a_server_that_never_answers_is_left(
    server: FakeServer, identity: Identity, folder: IdentityFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    monkeypatch.setattr("vigo.agent.link.link.CALL_TIMEOUT", timedelta(milliseconds=50))

    def silent(method: str, _request: SignedRequest) -> None:
        if method == Methods.CHECK_IN:
            release.wait(20)

    server.intercept = silent
    link = linked(identity, folder)
    try:
        with pytest.raises(TimedOutError, match="no answer in time"):
            run(link, link.check_in(CHECK_IN))
    finally:
        release.set()


def test_a_call_that_ran_out_of_time_leaves_its_task_as_it_was(
    server: FakeServer, identity: Identity, folder: IdentityFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    monkeypatch.setattr("vigo.agent.link.link.CALL_TIMEOUT", timedelta(milliseconds=50))
    server.intercept = lambda method, _: release.wait(20) if method == Methods.CHECK_IN else None
    link = linked(identity, folder)

    async def check_in() -> int:
        with pytest.raises(TimedOutError):
            await link.check_in(CHECK_IN)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    try:
        assert run(link, check_in()) == [0]
    finally:
        release.set()


def test_a_real_journal_gives_the_numbers(server: FakeServer, identity: Identity, folder: IdentityFolder) -> None:
    for _ in range(3):
        journal = Journal.open(folder.state_dir)
        link = Link(identity, folder, SystemClock())
        link.use(journal)
        run(link, link.check_in(CHECK_IN))
        journal.close()
    numbers = [request.sequence for request in server.requests]
    assert numbers == sorted(set(numbers))
    assert server.calls.count(Methods.HELLO) == 3

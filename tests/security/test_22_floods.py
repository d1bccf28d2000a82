import asyncio
import struct
from datetime import timedelta
from pathlib import Path

import pytest

from tests.server.harness import Machine, Server, a_run, enrol_request, post_enrolment, served
from vigo.core.errors import InvalidError, UnavailableError
from vigo.core.ids import ResourceId
from vigo.core.run import ResourceResult
from vigo.core.traits import pack_traits
from vigo.core.wire import agent_pb2 as pb
from vigo.core.wire.messages import MOST_RESULTS, Methods, run_to_bytes
from vigo.server.platform.auth.pace import MOST_UNITS
from vigo.server.platform.listen.asgi import Event
from vigo.server.platform.rpc.intake import SMALL_BYTES, Intake

MIB = 1 << 20


@served
async def test_22_a_report_of_millions_of_tiny_results_is_refused_before_it_grows(server: Server, tmp: Path) -> None:
    head = pb.ReportResultRequest(run_id=a_run().id).SerializeToString()
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        with pytest.raises(InvalidError, match=f"at most {MOST_RESULTS} results"):
            await machine.call(Methods.REPORT_RESULT, head + b"\x3a\x02\x18\x01" * (MOST_RESULTS + 1))


@served
async def test_22_a_run_of_ten_thousand_resources_is_kept_whole(server: Server, tmp: Path) -> None:
    results = tuple(
        ResourceResult(id=ResourceId(f"a/{number}"), type="file", outcome="failed", reason="x" * 300)
        for number in range(10_000)
    )
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        run = a_run(results=results)
        await machine.report(run)
        shown = (await server.request("GET", f"/api/v1/runs/{run.id}")).json()
    assert len(shown["results"]) == 10_000
    assert shown["counts"]["failed"] == 10_000


@served
async def test_22_a_peer_that_announces_many_large_messages_at_once_gets_room_for_two(
    server: Server, tmp: Path
) -> None:
    machine = await Machine.enrolled(server, tmp / "a", "a")
    pem = machine.folder.tls_path.read_text().partition("-----BEGIN PRIVATE")[0]
    never = asyncio.Event()

    async def call() -> list[Event]:
        """Announce a message of the largest size and send nothing of it."""
        sent: list[Event] = []
        begun = [struct.pack(">BI", 0, 16 * MIB)]

        async def receive() -> Event:
            if not begun:
                await never.wait()
            return {"type": "http.request", "body": begun.pop(), "more_body": True}

        async def send(event: Event) -> None:
            sent.append(event)

        scope = {
            "type": "http",
            "method": "POST",
            "path": Methods.REPORT_RESULT,
            "headers": [(b"content-type", b"application/grpc")],
            "extensions": {"http.response.trailers": {}, "tls": {"client_cert_chain": (pem,)}},
            "client": ("127.0.0.1", 1),
        }
        await server.app.rpc(scope, receive, send)
        return sent

    calls = [asyncio.create_task(call()) for _ in range(100)]
    done, waiting = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED, timeout=5)
    while len(waiting) > 2:
        more, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=5)
        done |= more
    assert {(b"vigo-error", b"unavailable") in task.result()[-1]["headers"] for task in done} == {True}
    async with machine:
        await machine.check_in()
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    async with await Machine.enrolled(server, tmp / "b", "b") as other:
        big = ResourceResult(id=ResourceId("a/b"), type="file", outcome="changed", diff="x" * 3 * MIB)
        assert not (await other.report(a_run(results=(big,)))).stored_before


def test_22_room_is_shared_and_comes_back() -> None:
    intake = Intake(16 * MIB)
    for peer in range(8):
        for _ in range(2):
            intake.take(str(peer), 16 * MIB)
    for peer in ("0", "another"):
        with pytest.raises(UnavailableError, match="send it again"):
            intake.take(peer, SMALL_BYTES + 1)
    intake.give_back("0", 16 * MIB)
    intake.take("another", 16 * MIB)
    with pytest.raises(UnavailableError):
        intake.take("0", 16 * MIB)


@served
async def test_22_enrolments_that_are_refused_in_a_flood_leave_room_for_a_machine_that_calls(
    server: Server, tmp: Path
) -> None:
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        flood = asyncio.gather(
            *(post_enrolment(server, enrol_request("vigo-" + "a" * 52, f"web-{number}")) for number in range(60))
        )
        for _ in range(20):
            await machine.check_in()
        assert {answer.status_code for answer in await flood} <= {401, 503}
    audited = server.app.database.read_now(
        lambda c: c.exec_driver_sql("SELECT count(*) FROM audit WHERE action='enrol.refused'").scalar()
    )
    assert audited == server.settings.enrolment_failures_per_minute


@served
async def test_22_an_envoy_that_calls_without_end_is_slowed_down_and_no_other_is(server: Server, tmp: Path) -> None:
    async with (
        await Machine.enrolled(server, tmp / "a", "a") as flooding,
        await Machine.enrolled(server, tmp / "b", "b") as other,
    ):
        server.app.gate._pace.take(flooding.id, MOST_UNITS - 10)
        calls = 0
        with pytest.raises(UnavailableError, match="try again in a minute"):  # noqa: PT012 - one of many raises
            for _ in range(20):
                await flooding.check_in()
                calls += 1
        assert 0 < calls < 10
        await other.check_in()
        server.clock.advance(timedelta(minutes=1))
        await flooding.check_in()


@served
async def test_22_a_few_bytes_that_become_megabytes_of_traits_are_taken_a_dozen_times_a_minute(
    server: Server, tmp: Path
) -> None:
    bomb = pack_traits({"os": {"zeros": [0] * (4 * MIB - 100)}})
    assert len(bomb) < 2000
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        taken = 0
        with pytest.raises(UnavailableError, match="try again in a minute"):  # noqa: PT012 - one of many raises
            for _ in range(20):
                await machine.check_in(traits_digest="d" * 64, traits=bomb)
                taken += 1
        assert taken == 12
        await machine.check_in()


@served
async def test_22_one_run_delivered_on_two_connections_at_once_is_one_run(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        run = a_run()
        twin = Machine(server, tmp / "a", machine.identity)
        twin.hello = machine.hello
        requests = [machine.request(Methods.REPORT_RESULT, run_to_bytes(run)) for _ in range(4)]
        pairs = zip((machine, twin, machine, twin), requests, strict=True)
        answers = await asyncio.gather(
            *(one.send(Methods.REPORT_RESULT, request) for one, request in pairs), return_exceptions=True
        )
        await twin.connection.close()
    # A later number may overtake an earlier one, which is then refused as a replay; nothing else may happen.
    assert [answer for answer in answers if answer == b""] == [b""]
    assert [item["id"] for item in (await server.request("GET", "/api/v1/runs")).json()["items"]] == [run.id]

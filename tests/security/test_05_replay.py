from pathlib import Path

import msgspec
import pytest

from tests.server.harness import Machine, Server, a_run, enrol_request, post_enrolment, served
from vigo.core.errors import InvalidError, ReplayedError, StaleSessionError
from vigo.core.ids import ServerId
from vigo.core.wire.messages import CheckIn, Fingerprint, Methods, SignedRequest, run_to_bytes

CHECK_IN = CheckIn(fingerprint=Fingerprint()).to_bytes()


@served
async def test_05_a_captured_request_has_no_second_effect_on_any_connection(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        captured = [
            (Methods.CHECK_IN, machine.request(Methods.CHECK_IN, CHECK_IN)),
            (Methods.REPORT_RESULT, machine.request(Methods.REPORT_RESULT, run_to_bytes(a_run()))),
        ]
        for method, request in captured:
            await machine.send(method, request)
        for _ in range(2):
            for method, request in captured:
                with pytest.raises(ReplayedError):
                    await machine.send(method, request)
            await machine.reconnect()
    assert len((await server.request("GET", "/api/v1/runs")).json()["items"]) == 1


@served
async def test_05_a_captured_request_is_refused_after_a_restart_even_one_that_never_arrived(
    server: Server, tmp: Path
) -> None:
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        await machine.check_in()
        arrived = machine.request(Methods.CHECK_IN, CHECK_IN)
        await machine.send(Methods.CHECK_IN, arrived)
        held_back = machine.request(Methods.REPORT_RESULT, run_to_bytes(a_run()))
        await server.restart()
        await machine.reconnect()
        for method, request in ((Methods.CHECK_IN, arrived), (Methods.REPORT_RESULT, held_back)):
            with pytest.raises(StaleSessionError):
                await machine.send(method, request)
        await machine.greet()
        await machine.check_in()


@served
async def test_05_a_request_for_another_server_is_refused(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        with pytest.raises(StaleSessionError):
            await machine.call(Methods.CHECK_IN, CHECK_IN, server=ServerId("another"))


@served
async def test_05_the_sequence_only_grows(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        await machine.call(Methods.CHECK_IN, CHECK_IN, sequence=100)
        for sequence in (0, 1, 99, 100):
            with pytest.raises(ReplayedError):
                await machine.call(Methods.CHECK_IN, CHECK_IN, sequence=sequence)
        for sequence in (2**63, 2**64 - 1):
            with pytest.raises(ReplayedError):
                await machine.call(Methods.CHECK_IN, CHECK_IN, sequence=sequence)
        await machine.call(Methods.CHECK_IN, CHECK_IN, sequence=101)


@served
async def test_05_a_repeated_hello_tells_only_what_its_owner_may_know(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        hello = machine.request(Methods.HELLO, server=ServerId(""), session="")
        first = await machine.send(Methods.HELLO, hello)
        assert await machine.send(Methods.HELLO, hello) == first
        record = server.app.envoys.find(machine.id)
        assert record is not None
        assert record.sequence == 0


@served
async def test_05_a_captured_enrolment_yields_a_certificate_for_the_same_key_only(server: Server, tmp: Path) -> None:
    token = await server.token(uses=5)
    captured = enrol_request(token["token"], "web-1")
    first = (await post_enrolment(server, captured)).json()
    again = (await post_enrolment(server, captured)).json()
    assert again["envoy"] == first["envoy"]
    bent = msgspec.structs.replace(captured, hostname="web-2")
    assert (await post_enrolment(server, bent)).status_code == 403
    assert len((await server.request("GET", "/api/v1/envoys")).json()["items"]) == 1
    await server.request("POST", "/api/v1/envoys/web-1/revoke")
    assert (await post_enrolment(server, captured)).status_code == 200
    assert (await server.request("GET", "/api/v1/envoys/web-1")).json()["id"] != first["envoy"]


@served
async def test_05_a_frame_cut_short_at_any_byte_has_no_effect(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        data = machine.request(Methods.REPORT_RESULT, run_to_bytes(a_run())).to_bytes()
        for size in range(0, len(data), 7):
            try:
                request = SignedRequest.from_bytes(data[:size])
            except InvalidError:
                continue
            with pytest.raises(Exception, match=r"."):
                await machine.send(Methods.REPORT_RESULT, request)
    assert (await server.request("GET", "/api/v1/runs")).json()["items"] == []

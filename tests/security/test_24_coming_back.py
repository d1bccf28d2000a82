"""An agent that was off until its certificate had ended comes back by proof of its key, and nobody else does."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tests.agent.fake_machine import FakeMachine
from tests.security.test_24_revocation_and_lapse import served_since
from tests.server.harness import Machine, Server, enrol_request, post_enrolment
from vigo.agent.cycle import Cycles
from vigo.agent.identity.tls import new_key, signing_request
from vigo.agent.report import CycleReport
from vigo.core.enrolment import RETURN_PATH, ReturnRequest
from vigo.core.signing import SigningKey
from vigo.testing.clock import FakeClock
from vigo.testing.fake_host import FakeHost


async def _cycle(machine: Machine) -> CycleReport:
    host = FakeMachine(FakeHost({"/etc/hostname": "web-1\n"}))
    cycles = Cycles(machine.folder, lambda _identity: host, machine.server.clock)
    try:
        return await cycles.run()
    finally:
        await cycles.close()


def _request(machine: Machine, sequence: int, key: SigningKey | None = None, **bent: Any) -> ReturnRequest:
    request = ReturnRequest(
        envoy=machine.id,
        server=machine.identity.server,
        sequence=sequence,
        csr_pem=signing_request(new_key(), "web-1"),
        signature="",
    )
    request = msgspec.structs.replace(request, **bent)
    signer = machine.key if key is None else key
    return msgspec.structs.replace(request, signature=signer.sign(request.signed_message()).hex())


async def _post(server: Server, request: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=server.url, verify=server.context(), trust_env=False) as client:
        return await client.post(RETURN_PATH, content=msgspec.json.encode(request))


@served_since(timedelta(days=95))
async def test_24_an_agent_that_was_off_for_90_days_is_back_by_itself(server: Server, tmp: Path) -> None:
    server.write_stacks({"envoys.vgo": "one"})
    await server.publish()
    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    server.clock.advance(timedelta(days=95))
    server.write_stacks({"envoys.vgo": "two"})
    await server.publish()
    report = await _cycle(machine)
    assert (report.offline, report.refused, report.delivered, report.message) == (False, False, True, "")
    back = machine.folder.load()
    assert back.envoy == machine.id
    assert back.certificate_expires_at == server.app.envoys.index.get("web-1").certificate_not_after
    assert (await _cycle(machine)).delivered
    await server.restart()
    assert back.certificate_expires_at == server.app.envoys.index.get("web-1").certificate_not_after


@served_since(timedelta(days=400))
async def test_24_after_too_long_it_takes_a_token_and_the_machine_stays_the_same_envoy(
    server: Server, tmp: Path
) -> None:
    server.write_stacks({"envoys.vgo": "one"})
    await server.publish()
    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    server.clock.advance(timedelta(days=400))
    report = await _cycle(machine)
    assert (report.offline, report.refused) == (True, False)
    assert "vigo enroll --force" in report.message
    from vigo.agent.link.enrolment import Enrolled, Wanted, enrol  # noqa: PLC0415 - as the message says

    made = await server.token("web-1")
    wanted = Wanted(made["server"], made["ca_sha256"], "web-1", made["token"])
    done = await asyncio.to_thread(enrol, machine.folder, server.clock, wanted, force=True)
    assert isinstance(done, Enrolled)
    assert done.identity.envoy == machine.id
    assert (await _cycle(machine)).delivered


@served_since(timedelta(days=95))
async def test_24_nobody_comes_back_as_an_envoy_whose_key_he_lacks(server: Server, tmp: Path) -> None:
    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    other = await Machine.enrolled(server, tmp / "b", "web-2")
    server.clock.advance(timedelta(days=95))
    good = _request(machine, 10)
    bent: tuple[ReturnRequest, ...] = (
        _request(machine, 10, SigningKey.generate()),
        _request(machine, 10, other.key),
        _request(machine, 10, envoy=other.id),
        _request(machine, 10, server="another"),
        _request(machine, 10, envoy="x"),
        msgspec.structs.replace(good, sequence=11),
        msgspec.structs.replace(good, csr_pem=signing_request(new_key(), "web-1")),
        msgspec.structs.replace(good, signature="no hexadecimal"),
        msgspec.structs.replace(good, sequence=-1),
    )
    answers = [await _post(server, request) for request in bent]
    assert {answer.status_code for answer in answers} == {401}
    # Nothing tells an unknown envoy from a wrong key.
    assert len({answer.json()["detail"] for answer in answers}) == 1
    for body in ({}, [], None, {"envoy": machine.id}, msgspec.to_builtins(good) | {"token": "x"}):
        assert (await _post(server, body)).status_code == 400
    assert (await _post(server, good)).status_code == 200


@served_since(timedelta(days=95))
async def test_24_a_return_is_no_way_round_a_revocation_nor_a_second_certificate(server: Server, tmp: Path) -> None:
    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    early = await _post(server, _request(machine, 5))
    assert early.status_code == 409
    server.clock.advance(timedelta(days=95))
    good = _request(machine, 6)
    assert (await _post(server, good)).status_code == 200
    assert (await _post(server, good)).status_code == 409  # it holds a certificate again
    server.clock.advance(timedelta(days=31))
    replayed = await _post(server, good)
    assert (replayed.status_code, replayed.json()["code"]) == (409, "replayed")
    await server.restart()
    assert (await _post(server, good)).status_code == 409
    await server.request("POST", "/api/v1/envoys/web-1/revoke")
    assert (await _post(server, _request(machine, 7))).status_code == 401


@served_since(timedelta(days=95))
async def test_24_guessing_the_way_back_is_slowed_down_and_audited(server: Server, tmp: Path) -> None:
    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    server.clock.advance(timedelta(days=95))
    server.app.settings.value = msgspec.structs.replace(server.settings, enrolment_failures_per_minute=3)
    wrong = [_request(machine, 10, SigningKey.generate()) for _ in range(5)]
    assert [(await _post(server, one)).status_code for one in wrong] == [401, 401, 401, 503, 503]
    assert (await post_enrolment(server, enrol_request("x", "web-9"))).status_code == 503
    query = "SELECT count(*) FROM audit WHERE action='return.refused'"
    assert server.app.database.read_now(lambda c: c.exec_driver_sql(query).scalar_one()) == 3
    server.clock.advance(timedelta(minutes=1))
    assert (await _post(server, _request(machine, 11))).status_code == 200


@served_since(timedelta(days=95))
async def test_24_a_revoked_envoy_that_lapsed_too_hears_that_it_is_refused(server: Server, tmp: Path) -> None:
    server.write_stacks({"envoys.vgo": "one"})
    await server.publish()
    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    await server.request("POST", "/api/v1/envoys/web-1/revoke")
    server.clock.advance(timedelta(days=95))
    report = await _cycle(machine)
    assert (report.refused, report.run) == (True, None)


@served_since(timedelta(0))
async def test_24_a_clock_that_is_off_is_told_and_opens_and_closes_nothing(server: Server, tmp: Path) -> None:
    server.write_stacks({"envoys.vgo": "one"})
    await server.publish()
    machine = await Machine.enrolled(server, tmp / "a", "web-1")

    async def told() -> tuple[float, str]:
        shown = (await server.request("GET", "/api/v1/envoys/web-1")).json()["clock_skew_seconds"]
        checks = (await server.request("GET", "/api/v1/health")).json()["checks"]
        return shown, next(one["status"] for one in checks if one["name"] == "envoy clocks")

    for hours, status in ((0, "ok"), (3, "warning"), (-3, "warning"), (0, "ok")):
        host = FakeMachine(FakeHost({"/etc/hostname": "web-1\n"}))
        cycles = Cycles(machine.folder, lambda _identity, host=host: host, server.clock)  # type: ignore[misc]
        cycles._clock = FakeClock(server.clock.now() + timedelta(hours=hours))
        assert (await cycles.run()).delivered
        await cycles.close()
        skew, found = await told()
        assert (round(skew / 3600), found) == (hours, status)

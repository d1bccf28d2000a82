import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.agent.fake_machine import FakeMachine
from tests.server.harness import LOOPBACK, Machine, Server, served
from vigo.agent.conversation import was_refused
from vigo.agent.cycle import Cycles
from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.identity.tls import new_key, signing_request
from vigo.agent.journal.journal import Journal
from vigo.catalog.ops import WriteFile
from vigo.core.errors import LapsedError, UnauthenticatedError, UnavailableError
from vigo.core.wire.messages import Methods, Renewal
from vigo.server.platform.folder.files import write_atomically
from vigo.testing.clock import FakeClock
from vigo.testing.fake_host import FakeHost

_LONG: dict[str, Any] = {"server_certificate_lifetime": timedelta(days=1000)}


def _cycles(server: Server, folder: IdentityFolder, machine: FakeMachine) -> Cycles:
    return Cycles(folder, lambda _identity: machine, server.clock)


async def _enrolled(server: Server, state: Path) -> tuple[IdentityFolder, FakeMachine, Cycles]:
    server.write_stacks({"envoys.vgo": "one"})
    await server.publish()
    enrolled = await Machine.enrolled(server, state, "web-1")
    machine = FakeMachine(FakeHost({"/etc/hostname": "web-1\n"}))
    return enrolled.folder, machine, _cycles(server, enrolled.folder, machine)


def _write(machine: FakeMachine, content: bytes) -> None:
    machine.fake.apply(WriteFile(path="/etc/toy", content=content))


def _was_refused(folder: IdentityFolder) -> bool:
    journal = Journal.open(folder.state_dir)
    try:
        return was_refused(journal)
    finally:
        journal.close()


def served_since(begun: timedelta) -> Callable[[Callable[[Server, Path], Awaitable[None]]], Callable[[Path], None]]:
    """Give the test a server whose clock is behind, so that what it certifies later is valid in real time too."""

    def decorated(test: Callable[[Server, Path], Awaitable[None]]) -> Callable[[Path], None]:
        def run(tmp_path: Path) -> None:
            async def everything() -> None:
                # Real time is that of TLS: the server's own certificate has to hold at the begin and at the end.
                server = Server(tmp_path / "data", settings=msgspec.structs.replace(LOOPBACK, **_LONG))
                server.clock = FakeClock(datetime.now(UTC) - begun)
                await server.start()
                try:
                    await test(server, tmp_path)
                finally:
                    await server.stop()

            asyncio.run(everything())

        return run

    return decorated


@served_since(timedelta(days=25))
async def test_24_a_certificate_renews_itself_at_two_thirds_of_its_life_and_serves_at_once(
    server: Server, tmp: Path
) -> None:
    folder, _, cycles = await _enrolled(server, tmp / "state")
    first, pem = folder.load(), folder.tls_path.read_bytes()
    assert (await cycles.run()).delivered
    server.clock.advance(timedelta(days=19, hours=23))
    assert (await cycles.run()).delivered
    assert folder.tls_path.read_bytes() == pem
    server.clock.advance(timedelta(hours=2))
    assert (await cycles.run()).delivered
    renewed = folder.load()
    assert folder.tls_path.read_bytes() != pem
    assert renewed.envoy == first.envoy
    assert renewed.certificate_expires_at > first.certificate_expires_at
    assert renewed.certificate_expires_at == server.app.envoys.index.get("web-1").certificate_not_after
    server.clock.advance(timedelta(days=9))
    assert (await cycles.run()).delivered
    await cycles.close()


@served_since(timedelta(days=31))
async def test_24_a_lapsed_certificate_is_told_and_is_no_refusal(server: Server, tmp: Path) -> None:
    folder, _, cycles = await _enrolled(server, tmp / "state")
    # In real time the certificate has lapsed already: TLS itself refuses it.
    report = await cycles.run()
    await cycles.close()
    assert (report.offline, report.refused) == (True, False)
    assert "certificate" in report.message
    assert not _was_refused(folder)


@served
async def test_24_a_servers_clock_that_jumps_stops_no_machine(server: Server, tmp: Path) -> None:
    _, machine, cycles = await _enrolled(server, tmp / "state")
    assert (await cycles.run()).delivered
    agents_clock = FakeClock(server.clock.now())
    cycles._clock = agents_clock
    server.clock.jump(timedelta(days=31))
    _write(machine, b"broken")
    report = await cycles.run()
    assert (report.offline, report.refused) == (True, False)
    assert "check the clocks of both machines" in report.message
    assert report.run is not None
    assert report.run.worst() == "changed"
    server.clock.jump(timedelta(days=-31))
    assert (await cycles.run()).delivered
    await cycles.close()


@served
async def test_24_a_lapse_on_a_connection_that_is_held_has_its_own_code(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        server.clock.jump(timedelta(days=31))
        with pytest.raises(LapsedError, match="check the clocks"):
            await machine.check_in()
        server.clock.jump(timedelta(days=-31, hours=-1))
        await machine.check_in()


@served
async def test_24_a_revoked_envoy_applies_nothing_also_when_the_server_is_gone_then(server: Server, tmp: Path) -> None:
    folder, machine, cycles = await _enrolled(server, tmp / "state")
    assert (await cycles.run()).delivered
    await server.request("POST", "/api/v1/envoys/web-1/revoke")
    _write(machine, b"mine")
    assert (await cycles.run()).refused
    await server.stop()
    report = await cycles.run()
    await cycles.close()
    await server.start()
    assert report.refused
    assert "when it last answered" in report.message
    assert machine.fake.read_text("/etc/toy") == "mine"
    assert _was_refused(folder)


@served
async def test_24_the_servers_own_certificate_renews_under_agents_that_are_connected(server: Server, tmp: Path) -> None:
    _, _, cycles = await _enrolled(server, tmp / "state")
    assert (await cycles.run()).delivered
    former = server.folder.server_pem.read_bytes()
    write_atomically(server.folder.server_pem, b"damaged")
    await server.running.renew_certificate()
    assert server.folder.server_pem.read_bytes() not in (former, b"damaged")
    report = await cycles.run()
    assert (report.delivered, report.offline, report.message) == (True, False, "")
    await cycles.close()


@served
async def test_24_a_new_server_certificate_that_could_not_be_taken_is_taken_at_the_next_look(
    server: Server, tmp: Path
) -> None:
    serving, renewals = server.running._serving, []

    class Failing:
        async def renew(self) -> None:
            renewals.append(1)
            if len(renewals) == 1:
                raise UnavailableError("no descriptor is left")

    write_atomically(server.folder.server_pem, b"damaged")
    server.running._serving = Failing()  # type: ignore[assignment] # as far as a renewal uses it
    with pytest.raises(UnavailableError):
        await server.running.renew_certificate()
    for _ in range(2):
        await server.running.renew_certificate()
    server.running._serving = serving
    assert len(renewals) == 2


@served
async def test_24_the_shortest_server_certificate_is_looked_at_before_it_ends(server: Server, tmp: Path) -> None:
    from vigo.server.running import RENEWAL_EVERY  # noqa: PLC0415 - the pace is not for anybody else

    shortest = timedelta(hours=1)
    server.app.settings.value = msgspec.structs.replace(server.settings, server_certificate_lifetime=shortest)
    write_atomically(server.folder.server_pem, b"damaged")
    await server.running.renew_certificate()
    for _ in range(12):
        server.clock.advance(RENEWAL_EVERY)
        ends = server.app.certificate.not_after()
        assert ends is not None
        assert ends > server.clock.now()
        server.app.certificate.renew_if_due(server.app.addresses.certificate_names(), shortest)


@served
async def test_24_a_revoked_envoy_is_refused_on_new_connections_too_and_renews_nothing(
    server: Server, tmp: Path
) -> None:
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        await server.request("POST", "/api/v1/envoys/a/revoke")
        ends = server.app.envoys.index.get("a").certificate_not_after
        server.clock.advance(timedelta(days=20))
        await machine.reconnect()
        csr = Renewal(signing_request(new_key(), "a")).to_request_bytes()
        for _ in range(2):
            with pytest.raises(UnauthenticatedError, match="revoked"):
                await machine.call(Methods.RENEW_CERTIFICATE, csr)
            await machine.reconnect()
        assert server.app.envoys.index.get("a").certificate_not_after == ends


@served_since(timedelta(days=25))
async def test_24_a_connection_of_before_the_renewal_is_left_for_a_new_one(server: Server, tmp: Path) -> None:
    folder, _, daemons = await _enrolled(server, tmp / "state")
    assert (await daemons.run()).delivered
    server.clock.advance(timedelta(days=21))
    by_hand = Cycles(folder, lambda _identity: FakeMachine(FakeHost({"/etc/hostname": "x\n"})), server.clock)
    assert (await by_hand.run()).delivered
    await by_hand.close()
    server.clock.advance(timedelta(days=10))
    assert (await daemons.run()).delivered
    await daemons.close()

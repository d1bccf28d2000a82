from pathlib import Path

import msgspec
import pytest

from tests.server.harness import Machine, Server, a_run, served
from vigo.core.errors import ForbiddenError, InvalidError, UnauthenticatedError, VigoError
from vigo.core.ids import EnvoyId
from vigo.core.wire.messages import Methods, run_to_bytes


@served
async def test_03_only_the_certificate_says_who_calls(server: Server, tmp: Path) -> None:
    async with (
        await Machine.enrolled(server, tmp / "a", "a") as mallory,
        await Machine.enrolled(server, tmp / "b", "b") as victim,
    ):
        for method in Methods.ALL:
            with pytest.raises(ForbiddenError, match="the certificate decides"):
                await mallory.call(method, envoy=victim.id)
        request = victim.request(Methods.CHECK_IN)
        with pytest.raises(ForbiddenError):
            await mallory.send(Methods.CHECK_IN, request)
        for name in (victim.id.upper(), f"{victim.id}.", "*", "b", "", "../" + victim.id):
            with pytest.raises(InvalidError):
                await mallory.call(Methods.CHECK_IN, envoy=EnvoyId(name))
    await server.app.envoys.flush()
    rows = server.app.database.read_now(
        lambda c: c.exec_driver_sql("SELECT actor, detail FROM audit WHERE action='call.refused'").all()
    )
    assert [(row.actor, victim.id in row.detail) for row in rows] == [("envoy a", True)]


@served
async def test_03_a_request_signed_with_another_key_is_refused(server: Server, tmp: Path) -> None:
    async with (
        await Machine.enrolled(server, tmp / "a", "a") as mallory,
        await Machine.enrolled(server, tmp / "b", "b") as victim,
    ):
        victim.key = mallory.key
        for method in Methods.ALL:
            with pytest.raises(UnauthenticatedError, match="signature does not match"):
                await victim.call(method)


@served
async def test_03_what_a_signature_covers_cannot_be_moved(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        request = machine.request(Methods.CHECK_IN, run_to_bytes(a_run()))
        with pytest.raises(UnauthenticatedError):
            await machine.send(Methods.REPORT_RESULT, request)


@served
async def test_03_a_name_finds_an_envoy_exactly_or_not_at_all(server: Server, tmp: Path) -> None:
    await Machine.enrolled(server, tmp / "a", "web-1")
    for name in ("WEB-1", "web-1.", "Web-1"):
        assert (await server.request("GET", f"/api/v1/envoys/{name}")).json()["hostname"] == "web-1"
    for name in ("web-*", "~web-1", "web-", "%77eb-1x", "w\u0435b-1", "web-1%00", "*"):
        assert (await server.request("GET", f"/api/v1/envoys/{name}")).status_code == 404, name


@served
async def test_04_a_frame_below_the_floor_is_refused(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        request = msgspec.structs.replace(machine.request(Methods.CHECK_IN), protocol=0)
        with pytest.raises(InvalidError, match="update the agent"):
            await machine.send(Methods.CHECK_IN, request)
        for stripped in ({"server": ""}, {"session": ""}, {"signature": b""}, {"sequence": 0}):
            with pytest.raises(VigoError) as caught:
                await machine.send(
                    Methods.CHECK_IN, msgspec.structs.replace(machine.request(Methods.CHECK_IN), **stripped)
                )
            assert caught.value.code in {"unauthenticated", "stale-session", "replayed"}

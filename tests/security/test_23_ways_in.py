"""Ways in other than a token's first use: approval, the same envoy anew, a copied identity."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.server.harness import (
    Machine,
    Server,
    ca_sha256,
    enrol_request,
    post_enrolment,
    served,
    without_audit,
)
from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.link.enrolment import Enrolled, Waiting, Wanted, enrol
from vigo.core.enrolment import former_message, key_fingerprint
from vigo.core.errors import ConflictError, ForbiddenError, UnauthenticatedError, VigoError
from vigo.core.ids import EnvoyId, ServerId, SessionId
from vigo.core.signing import SigningKey
from vigo.core.wire.messages import Greeting, Methods
from vigo.server.features.enrolment.service import MOST_ASKED_IN_A_MINUTE


async def _ask(server: Server, state: Path, hostname: str, *, token: str = "", force: bool = False) -> Any:
    wanted = Wanted(server.url, ca_sha256(server), hostname, token)
    return await asyncio.to_thread(enrol, IdentityFolder(state), server.clock, wanted, force=force)


async def _pending(server: Server) -> list[dict[str, Any]]:
    return list((await server.request("GET", "/api/v1/enrolments")).json()["items"])


async def _decide(server: Server, name: str, verb: str = "approve", **body: Any) -> httpx.Response:
    return await server.request("POST", f"/api/v1/enrolments/{name}/{verb}", body if verb == "approve" else None)


def _audited(server: Server, action: str) -> int:
    query = f"SELECT count(*) FROM audit WHERE action='{action}'"  # noqa: S608 - the test's own literal
    return int(server.app.database.read_now(lambda c: c.exec_driver_sql(query).scalar_one()))


@served
async def test_23_nobody_comes_in_without_a_token_before_somebody_approved(server: Server, tmp: Path) -> None:
    first = await _ask(server, tmp / "a", "web-1")
    assert isinstance(first, Waiting)
    assert await _ask(server, tmp / "a", "web-1") == first
    (item,) = await _pending(server)
    assert (item["hostname"], item["fingerprint"], item["state"]) == ("web-1", first.fingerprint, "waiting")
    assert (await server.request("GET", "/api/v1/envoys")).json()["items"] == []
    answer = await _decide(server, "web-1", labels={"site": "berlin"})
    assert answer.status_code == 200, answer.text
    done = await _ask(server, tmp / "a", "web-1")
    assert isinstance(done, Enrolled)
    shown = (await server.request("GET", "/api/v1/envoys/web-1")).json()
    assert (shown["id"], shown["labels"]) == (done.identity.envoy, {"site": "berlin"})
    assert await _pending(server) == []
    assert [_audited(server, f"enrol.{what}") for what in ("asked", "approved", "refused")] == [1, 1, 0]


@served
async def test_23_an_approval_is_for_one_key_and_one_name(server: Server, tmp: Path) -> None:
    mine = await _ask(server, tmp / "a", "web-1")
    other = await _ask(server, tmp / "b", "web-1")
    assert {mine.fingerprint, other.fingerprint} == {item["fingerprint"] for item in await _pending(server)}
    both = await _decide(server, "web-1")
    assert both.status_code == 409
    assert mine.fingerprint in both.json()["detail"]
    assert (await _decide(server, mine.fingerprint)).status_code == 200
    assert isinstance(await _ask(server, tmp / "b", "web-1"), Waiting)
    # The key that was let in as web-1 asks by another name: that is another question.
    assert isinstance(await _ask(server, tmp / "a", "db-1"), Waiting)
    assert isinstance(await _ask(server, tmp / "a", "web-1"), Waiting)


@served
async def test_23_who_was_denied_stays_out_and_an_approval_ends(server: Server, tmp: Path) -> None:
    await _ask(server, tmp / "a", "web-1")
    assert (await _decide(server, "web-1", "deny")).status_code == 200
    with pytest.raises(ForbiddenError, match="denied"):
        await _ask(server, tmp / "a", "web-1")
    server.clock.advance(timedelta(days=1))
    assert isinstance(await _ask(server, tmp / "a", "web-1"), Waiting)
    assert (await _decide(server, "web-1")).status_code == 200
    server.clock.advance(timedelta(days=1))
    assert isinstance(await _ask(server, tmp / "a", "web-1"), Waiting)


@served
async def test_23_an_answer_that_was_lost_is_had_again_and_makes_no_second_envoy(server: Server, tmp: Path) -> None:
    key = SigningKey.generate()
    request = enrol_request("", "web-1", key)
    assert (await post_enrolment(server, request)).status_code == 202
    await _decide(server, key_fingerprint(key.public))
    first, second = [await post_enrolment(server, request) for _ in range(2)]
    assert first.json()["envoy"] == second.json()["envoy"]
    await server.request("POST", "/api/v1/envoys/web-1/revoke")
    # The approval is used up: who was revoked does not come back by it.
    again = await post_enrolment(server, request)
    assert again.status_code != 200, again.text


@served
async def test_23_the_queue_is_bounded_and_can_be_turned_off(server: Server, tmp: Path) -> None:
    server.app.settings.value = msgspec.structs.replace(server.settings, most_waiting_enrolments=20)
    answers = [await post_enrolment(server, enrol_request("", f"web-{number}")) for number in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 503, 503]
    server.app.settings.value = msgspec.structs.replace(server.settings, most_waiting_enrolments=0)
    answer = await post_enrolment(server, enrol_request("", "web-1"))
    assert answer.status_code == 401
    assert "expected an enrolment token" in answer.json()["detail"]


@served
async def test_23_asking_without_end_is_slowed_down(server: Server, tmp: Path) -> None:
    request = enrol_request("", "web-1")
    server.app.enrolment._pace.take(EnvoyId("address 127.0.0.1"), MOST_ASKED_IN_A_MINUTE - 2)
    answers = [await post_enrolment(server, request) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 503]
    server.clock.advance(timedelta(minutes=1))
    assert (await post_enrolment(server, request)).status_code == 202


@served
async def test_23_nobody_is_let_in_by_the_name_of_an_active_envoy(server: Server, tmp: Path) -> None:
    await Machine.enrolled(server, tmp / "a", "web-1")
    await _ask(server, tmp / "b", "web-1")
    (item,) = await _pending(server)
    assert item["takes_place_of"] is not None
    assert (await _decide(server, "web-1")).status_code == 409


@served
async def test_23_what_cannot_be_audited_is_not_decided(server: Server, tmp: Path) -> None:
    await _ask(server, tmp / "a", "web-1")
    async with without_audit(server):
        assert (await _decide(server, "web-1")).status_code >= 500
    assert isinstance(await _ask(server, tmp / "a", "web-1"), Waiting)


@served
async def test_23_the_same_machine_enrols_anew_and_stays_the_same_envoy(server: Server, tmp: Path) -> None:
    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    shutil.copytree(tmp / "a", tmp / "copy")
    token = (await server.token("web-1", uses=1))["token"]
    done = await _ask(server, tmp / "a", "web-1", token=token, force=True)
    assert done.identity.envoy == machine.id
    assert IdentityFolder(tmp / "a").signing_key().public != machine.key.public
    async with Machine(server, tmp / "a", done.identity) as anew:
        await anew.check_in()
    # What the copy holds opens nothing any more.
    copy = Machine(server, tmp / "copy", machine.identity)
    with pytest.raises(UnauthenticatedError, match="signature"):
        await copy.greet()
    await copy.connection.close()
    assert [item["id"] for item in (await server.request("GET", "/api/v1/envoys")).json()["items"]] == [machine.id]
    await server.restart()
    async with Machine(server, tmp / "a", done.identity) as anew:
        await anew.check_in()


@served
async def test_23_an_envoys_name_is_not_kept_without_proof_of_its_key(server: Server, tmp: Path) -> None:
    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    token = (await server.token("web-1", uses=9))["token"]
    request = enrol_request(token, "web-1")
    stranger = SigningKey.generate()
    proofs = (
        "",
        "00" * 64,
        "no hexadecimal",
        stranger.sign(former_message(machine.id, request.signed_message())).hex(),
        machine.key.sign(request.signed_message()).hex(),
        machine.key.sign(former_message(machine.id, enrol_request(token, "web-1").signed_message())).hex(),
    )
    for proof in proofs:
        bent = msgspec.structs.replace(request, former=machine.id, former_signature=proof)
        assert (await post_enrolment(server, bent)).status_code == 403, proof
    for former in ("", machine.id.upper(), "x"):
        bent = msgspec.structs.replace(request, former=former, former_signature=proofs[1])
        assert (await post_enrolment(server, bent)).status_code == 409
    right = machine.key.sign(former_message(machine.id, request.signed_message())).hex()
    good = msgspec.structs.replace(request, former=machine.id, former_signature=right)
    assert (await post_enrolment(server, good)).json()["envoy"] == machine.id


@served
async def test_23_force_without_a_key_tells_what_to_do(server: Server, tmp: Path) -> None:
    await Machine.enrolled(server, tmp / "a", "web-1")
    (tmp / "a" / "identity" / "signing.key").write_text("damaged")
    token = (await server.token("web-1"))["token"]
    with pytest.raises(ConflictError, match="vigocli envoys revoke web-1"):
        await _ask(server, tmp / "a", "web-1", token=token, force=True)


@served
async def test_23_an_identity_on_two_machines_raises_an_alarm_until_it_is_enrolled_anew(
    server: Server, tmp: Path
) -> None:
    machine = await Machine.enrolled(server, tmp / "a", "web-1")

    async def greet(mark: str) -> None:
        body = Greeting(mark).to_bytes()
        await machine.call(Methods.HELLO, body, server=ServerId(""), session=SessionId(""))

    for mark in ("a", "a", "b", "b", "c"):  # a machine that was started anew, twice
        await greet(mark)
    assert (await server.request("GET", "/api/v1/envoys/web-1")).json()["copied_at"] is None
    await greet("b")
    await greet("c")
    assert (await server.request("GET", "/api/v1/envoys/web-1")).json()["copied_at"] is not None
    assert _audited(server, "envoy.copied") == 1
    health = (await server.request("GET", "/api/v1/health")).json()
    (check,) = [check for check in health["checks"] if check["name"] == "identities"]
    assert (check["status"], "web-1" in check["detail"]) == ("failed", True)
    with pytest.raises(VigoError, match="at most 64 characters"):
        await greet("x" * 65)
    await machine.connection.close()
    await server.restart()
    assert (await server.request("GET", "/api/v1/envoys/web-1")).json()["copied_at"] is not None
    token = (await server.token("web-1"))["token"]
    await _ask(server, tmp / "a", "web-1", token=token, force=True)
    assert (await server.request("GET", "/api/v1/envoys/web-1")).json()["copied_at"] is None


@served
async def test_23_labels_of_a_token_are_on_who_enrols_with_it(server: Server, tmp: Path) -> None:
    body = {"hostname": "*", "ttl_seconds": 60, "uses": 2, "labels": {"site": "berlin"}}
    made = (await server.request("POST", "/api/v1/tokens", body)).json()
    await Machine.enrolled(server, tmp / "a", "web-1", made)
    await Machine.enrolled(server, tmp / "b", "web-2")

    async def listed(*labels: str) -> list[str]:
        query = "&".join(f"label={label}" for label in labels)
        return [item["hostname"] for item in (await server.request("GET", f"/api/v1/envoys?{query}")).json()["items"]]

    await server.restart()
    assert await listed("site=berlin") == ["web-1"]
    assert await listed("site=berlin", "rack=7") == await listed("site=rome") == []
    assert await listed() == ["web-1", "web-2"]
    assert (await server.request("GET", "/api/v1/envoys?label=site")).status_code == 400
    for labels in ({"Site": "x"}, {"site": ""}, {"site": "a\nb"}, {str(n): "x" for n in range(21)}, {"s": 1}):
        assert (await server.request("POST", "/api/v1/tokens", body | {"labels": labels})).status_code == 400

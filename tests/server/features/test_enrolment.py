import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509

from tests.server.harness import Machine, Server, enrol_request, post_enrolment, served
from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.identity.tls import new_key, signing_request
from vigo.agent.link.enrolment import Enrolled, Wanted, enrol
from vigo.core.errors import InvalidError
from vigo.core.signing import SigningKey
from vigo.core.wire.messages import Methods, Renewal
from vigo.server.platform.rpc.peer import identify
from vigo.server.platform.settings.addresses import PublicAddresses
from vigo.server.platform.settings.model import CurrentSettings, Settings


@served
async def test_an_agent_enrols_and_learns_all_that_it_needs(server: Server, tmp: Path) -> None:
    machine = await Machine.enrolled(server, tmp / "web-1", "Web-1.")
    assert machine.identity.hostname == "web-1"
    assert machine.identity.grpc_addresses == server.app.addresses.grpc()
    assert machine.identity.policy_keys == server.app.keyring.trust.policy_keys
    assert machine.identity.interval_seconds == 300
    listed = (await server.request("GET", "/api/v1/tokens")).json()["items"][0]
    assert (listed["uses"], listed["uses_left"], listed["used_by"], listed["created_by"]) == (1, 0, ["web-1"], "admin")


@served
async def test_a_repeat_of_an_enrolment_is_the_same_one_and_takes_no_further_use(server: Server, tmp: Path) -> None:
    token = await server.token("web-*", uses=2)
    key = SigningKey.generate()
    first = (await post_enrolment(server, enrol_request(token["token"], "web-1", key))).json()
    again = (await post_enrolment(server, enrol_request(token["token"], "web-1", key))).json()
    assert again["envoy"] == first["envoy"]
    assert again["certificate_pem"] != first["certificate_pem"]
    assert (await server.request("GET", "/api/v1/tokens")).json()["items"][0]["uses_left"] == 1
    other = await post_enrolment(server, enrol_request(token["token"], "web-1"))
    assert other.status_code == 409
    assert "vigocli envoys revoke web-1" in other.json()["detail"]


@served
async def test_a_revoked_hostname_can_be_enrolled_again_as_another_envoy(server: Server, tmp: Path) -> None:
    first = await Machine.enrolled(server, tmp / "one", "web-1")
    await server.request("POST", "/api/v1/envoys/web-1/revoke")
    second = await Machine.enrolled(server, tmp / "two", "web-1")
    assert second.id != first.id
    assert (await server.request("GET", "/api/v1/envoys/web-1")).json()["id"] == second.id
    assert (await server.request("GET", f"/api/v1/envoys/{first.id}")).json()["status"] == "revoked"


@served
async def test_a_certificate_is_renewed_for_the_same_envoy(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        server.clock.advance(timedelta(days=20))
        csr = signing_request(new_key(), "another-name")
        answer = await machine.call(Methods.RENEW_CERTIFICATE, Renewal(csr).to_request_bytes())
        identity = identify(Renewal.from_answer_bytes(answer).pem)
        assert (identity.envoy_id, identity.hostname) == (machine.id, "web-1")
        assert identity.not_after > machine.identity.certificate_expires_at
        shown = (await server.request("GET", "/api/v1/envoys/web-1")).json()
        assert shown["certificate_not_after"].startswith(f"{identity.not_after:%Y-%m-%dT%H:%M:%S}")
        with pytest.raises(InvalidError):
            await machine.call(Methods.RENEW_CERTIFICATE, Renewal("no csr").to_request_bytes())


@served
async def test_an_enrolment_that_cannot_be_audited_makes_no_envoy(server: Server, tmp: Path) -> None:
    token = await server.token()
    await server.app.database.write(lambda connection: connection.exec_driver_sql("ALTER TABLE audit RENAME TO gone"))
    answer = await post_enrolment(server, enrol_request(token["token"], "web-1"))
    assert answer.status_code == 503
    await server.app.database.write(lambda connection: connection.exec_driver_sql("ALTER TABLE gone RENAME TO audit"))
    assert (await server.request("GET", "/api/v1/envoys")).json()["items"] == []
    assert (await post_enrolment(server, enrol_request(token["token"], "web-1"))).status_code == 200


@served
async def test_the_ca_is_served_to_who_pins_it(server: Server, tmp: Path) -> None:
    async with server.client() as client:
        del client.headers["Authorization"]
        answer = await client.get("/bootstrap/v1/ca")
    assert x509.load_pem_x509_certificate(answer.content).subject.rfc4514_string().startswith("CN=Vigo CA ")


@served
async def test_a_body_that_is_no_enrolment_is_refused(server: Server, tmp: Path) -> None:
    async with server.client() as client:
        for body in (b"", b"null", b"[]", b"{", b'{"token": 1}', b"\xff" * 100, b"[" * 10_000):
            answer = await client.post("/bootstrap/v1/enroll", content=body)
            assert answer.status_code == 400, body
        answer = await client.post("/bootstrap/v1/enroll", content=b'"' + b"x" * 200_000 + b'"')
        assert answer.status_code == 413


@served
async def test_guessing_is_slowed_down_and_costs_another_address_nothing(server: Server, tmp: Path) -> None:
    server.app.settings.value = msgspec.structs.replace(server.settings, enrolment_failures_per_minute=3)
    good = (await server.token())["token"]
    codes = [(await post_enrolment(server, enrol_request("vigo-" + "a" * 52, "web-1"))).status_code for _ in range(5)]
    assert codes == [401, 401, 401, 503, 503]
    assert (await post_enrolment(server, enrol_request(good, "web-1"))).status_code == 503
    server.clock.advance(timedelta(minutes=1))
    assert (await post_enrolment(server, enrol_request(good, "web-1"))).status_code == 200


@served
async def test_two_machines_of_one_name_that_race_get_one_identity_between_them(server: Server, tmp: Path) -> None:
    token = await server.token(uses=10)
    answers = await asyncio.gather(*(post_enrolment(server, enrol_request(token["token"], "web-1")) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    done = await asyncio.to_thread(
        enrol,
        IdentityFolder(tmp / "web-2"),
        server.clock,
        Wanted(token["server"], token["ca_sha256"], "web-2", token["token"]),
    )
    assert isinstance(done, Enrolled)
    assert done.identity.hostname == "web-2"
    assert (await server.request("GET", "/api/v1/tokens")).json()["items"][0]["uses_left"] == 8


@pytest.mark.parametrize(
    ("settings", "grpc", "url"),
    [
        (Settings(), ("host.example.com:7",), "https://host.example.com:8"),
        (Settings(grpc_listen="127.0.0.1:0", api_listen="127.0.0.1:0"), ("127.0.0.1:7",), "https://127.0.0.1:8"),
        (Settings(grpc_listen="[::]:0", api_listen="[::]:0"), ("host.example.com:7",), "https://host.example.com:8"),
        (Settings(grpc_listen="[::1]:0", api_listen="[::1]:0"), ("[::1]:7",), "https://[::1]:8"),
        (Settings(public_addresses=("a", "b:9", "::2")), ("a:7", "b:9", "[::2]:7"), "https://a:8"),
        (Settings(public_addresses=("b:9",)), ("b:9",), "https://b:8"),
    ],
)
def test_agents_are_told_an_address_that_they_can_reach(settings: Settings, grpc: tuple[str, ...], url: str) -> None:
    addresses = PublicAddresses(CurrentSettings(settings), ("localhost.localdomain", "host.example.com"))
    hosts = (settings.grpc_listen.rpartition(":")[0], settings.api_listen.rpartition(":")[0])
    addresses.listening(f"{hosts[0]}:7", f"{hosts[1]}:8")
    assert addresses.grpc() == grpc
    assert addresses.api_url() == url

import ssl
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.server.harness import Machine, Server, enrol_request, post_enrolment, served
from vigo.agent.identity.tls import new_key, signing_request
from vigo.agent.link.channel import Connection
from vigo.core.errors import UnauthenticatedError, UnavailableError
from vigo.core.signing import SigningKey
from vigo.core.wire.messages import Methods
from vigo.testing.fake_pki import FakeCa


async def _refused(server: Server, context: ssl.SSLContext) -> None:
    connection = Connection(server.grpc, context)
    # With TLS 1.3 the server's refusal may arrive after the handshake, with the first answer.
    try:
        await connection.open()
        await connection.call(Methods.HELLO, b"", timedelta(seconds=5))
    except (OSError, UnauthenticatedError, UnavailableError):
        return
    finally:
        await connection.close()
    pytest.fail("the server answered")


def _context(server: Server, chain: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(server.folder.ca_certificate))
    context.set_alpn_protocols(["h2"])
    if chain is not None:
        context.load_cert_chain(chain)
    return context


@served
async def test_09_a_certificate_is_worth_nothing_without_its_key(server: Server, tmp: Path) -> None:
    machine = await Machine.enrolled(server, tmp / "a", "a")
    pem = machine.folder.tls_path.read_text()
    certificate = pem[: pem.index("-----BEGIN PRIVATE KEY-----")]
    stolen = tmp / "stolen.pem"
    stolen.write_bytes(certificate.encode() + new_key())
    with pytest.raises(ssl.SSLError):
        _context(server, stolen)
    await _refused(server, _context(server))


@served
async def test_07_a_certificate_of_another_ca_or_for_servers_is_refused(server: Server, tmp: Path) -> None:
    machine = await Machine.enrolled(server, tmp / "a", "a")
    key = new_key()
    foreign = tmp / "foreign.pem"
    foreign.write_bytes(FakeCa().client_pem(signing_request(key, "a"), machine.id).encode() + key)
    await _refused(server, _context(server, foreign))
    await _refused(server, _context(server, server.folder.server_pem))


@served
async def test_09_a_public_signing_key_is_worth_nothing_without_its_private_half(server: Server, tmp: Path) -> None:
    token = await server.token(uses=3)
    victim = SigningKey.generate()
    first = await post_enrolment(server, enrol_request(token["token"], "web-1", victim))
    assert first.status_code == 200
    bent = msgspec.structs.replace(enrol_request(token["token"], "web-1"), signing_key=victim.public.hex())
    answer = await post_enrolment(server, bent)
    assert answer.status_code == 403
    for garbage in ("", "00", "zz" * 32, victim.public.hex() * 2, "\u0661" * 64):
        bad = msgspec.structs.replace(enrol_request(token["token"], "web-2"), signing_key=garbage)
        assert (await post_enrolment(server, bad)).status_code in (400, 403)
    assert (await server.request("GET", "/api/v1/tokens")).json()["items"][0]["uses_left"] == 2

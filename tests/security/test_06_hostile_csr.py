import asyncio
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.server.harness import Machine, Server, enrol_request, post_enrolment, served
from vigo.server.platform.rpc.peer import identify


def _hostile(name: str) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(
            x509.Name(
                [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "admin")]
            )
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=9), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
            critical=True,
        )
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.DNSName("localhost"),
                    x509.IPAddress(ip_address("127.0.0.1")),
                    x509.UniformResourceIdentifier("vigo://envoy/00000000-0000-4000-8000-000000000000"),
                ]
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
        .decode()
    )


@served
async def test_06_nothing_of_a_request_but_its_key_enters_the_certificate(server: Server, tmp: Path) -> None:
    token = await server.token(uses=9)
    for number, name in enumerate(("localhost", "evil\x1b[31m", "\u202egnp.exe", "CN=admin,O=vigo", "a" * 64)):
        answer = await post_enrolment(server, enrol_request(token["token"], f"web-{number}", csr_pem=_hostile(name)))
        assert answer.status_code == 200
        found = x509.load_pem_x509_certificate(answer.json()["certificate_pem"].encode())
        assert found.subject.rfc4514_string() == f"CN=web-{number}"
        assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert list(found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
            ExtendedKeyUsageOID.CLIENT_AUTH
        ]
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == []
        assert names.get_values_for_type(x509.IPAddress) == []
        assert identify(answer.json()["certificate_pem"]).envoy_id == answer.json()["envoy"]


@served
async def test_06_an_envoys_certificate_cannot_pass_as_the_server(server: Server, tmp: Path) -> None:
    machine = await Machine.enrolled(server, tmp / "localhost", "localhost")
    pretending = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pretending.load_cert_chain(machine.folder.tls_path)

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=pretending)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        for is_named in (True, False):
            context = server.context()
            context.check_hostname = is_named
            with pytest.raises(ssl.SSLCertVerificationError):
                await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")


@served
async def test_06_a_hostname_that_is_none_is_refused(server: Server, tmp: Path) -> None:
    token = await server.token(uses=9)
    for name in ("", "a b", "a/b", "../a", "a\x00", "\u202eweb", "*", "a" * 300, "w\u0435b", "-a", "a..b"):
        answer = await post_enrolment(server, enrol_request(token["token"], name, csr_pem=_hostile("x")))
        assert answer.status_code == 400, name
    assert (await server.request("GET", "/api/v1/tokens")).json()["items"][0]["uses_left"] == 9

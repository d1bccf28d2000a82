"""Certificates that look right and are not: made by a leaf, with a chain of the client's own, as a CA."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.server.harness import Machine, Server, served
from vigo.agent.link.channel import Connection
from vigo.core.errors import VigoError
from vigo.core.wire.messages import Methods
from vigo.server.platform.rpc.peer import ENVOY_URI

Key = ec.EllipticCurvePrivateKey


def _pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _issued(machine: Machine, key: Key, issuer: x509.Name, signer: Key, *, is_ca: bool = False) -> bytes:
    """Return a certificate that says that it is this envoy's, signed by whoever."""
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(ENVOY_URI + machine.id)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, machine.identity.hostname)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(names, critical=False)
        .sign(signer, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


async def _answers(server: Server, machine: Machine, shown: bytes, folder: Path) -> bool:
    """Return whether the server answers a signed request over a connection that shows this chain and key."""
    path = folder / "shown.pem"
    path.write_bytes(shown)
    context = ssl.create_default_context(cafile=str(server.folder.ca_certificate))
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(path)
    await machine.connection.close()
    machine.connection = Connection(server.grpc, context)
    try:
        await machine.greet()
    except (VigoError, OSError, ssl.SSLError):
        return False
    finally:
        await machine.connection.close()
    return True


@served
async def test_07_nothing_that_an_envoy_signs_itself_is_a_certificate(server: Server, tmp: Path) -> None:
    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    own = machine.folder.tls_path.read_bytes()
    assert await _answers(server, machine, own, tmp)  # so that the rest is refused for what it is
    leaf = x509.load_pem_x509_certificate(own)
    leaf_key = serialization.load_pem_private_key(own, None)
    assert isinstance(leaf_key, ec.EllipticCurvePrivateKey)
    ca = x509.load_pem_x509_certificate(server.folder.ca_certificate.read_bytes())
    key, middle = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    leaf_pem = leaf.public_bytes(serialization.Encoding.PEM)
    middle_pem = _issued(machine, middle, leaf.subject, leaf_key, is_ca=True)
    middle_name = x509.load_pem_x509_certificate(middle_pem).subject
    shapes = {
        "signed by a leaf": _issued(machine, key, leaf.subject, leaf_key) + leaf_pem,
        "in the CA's name, by a leaf": _issued(machine, key, ca.subject, leaf_key),
        "in the CA's name, by its own key": _issued(machine, key, ca.subject, key),
        "with a CA of the client's in between": _issued(machine, key, middle_name, middle) + middle_pem + leaf_pem,
        "a CA of its own": _issued(machine, key, leaf.subject, key, is_ca=True),
        "with the real CA behind it": _issued(machine, key, ca.subject, key)
        + server.folder.ca_certificate.read_bytes(),
    }
    for what, chain in shapes.items():
        assert not await _answers(server, machine, chain + _pem(key), tmp), what
    assert await _answers(server, machine, own, tmp)


@served
async def test_07_a_former_certificate_with_its_own_key_is_the_envoys_still_and_with_another_is_nobodys(
    server: Server, tmp: Path
) -> None:
    machine = await Machine.enrolled(server, tmp / "a", "web-1")
    own = machine.folder.tls_path.read_bytes()
    certificate = own[: own.index(b"-----BEGIN PRIVATE KEY-----")]
    with pytest.raises(ssl.SSLError):
        await _answers(server, machine, certificate + _pem(ec.generate_private_key(ec.SECP256R1())), tmp)
    async with machine:
        with pytest.raises(VigoError):
            await machine.call(Methods.CHECK_IN, b"", envoy="another")

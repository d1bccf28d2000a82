from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from vigo.core.errors import DamagedError, InvalidError
from vigo.core.ids import new_envoy_id
from vigo.server.platform.pki.authority import Authority, ca_certificate, new_key
from vigo.server.platform.pki.requests import requested_key
from vigo.server.platform.pki.server_certificate import ServerCertificate
from vigo.server.platform.rpc.peer import identify
from vigo.testing.clock import FakeClock

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LIFE = timedelta(days=30)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def authority(clock: FakeClock) -> Authority:
    key = new_key()
    return Authority(key, ca_certificate(key, NOW, "test CA"), clock)


def _csr(key: object) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM).decode()  # type: ignore[arg-type] # any key kind


def test_an_envoys_certificate_carries_its_identity_and_nothing_else(authority: Authority) -> None:
    envoy = new_envoy_id()
    issued = authority.issue_envoy(requested_key(_csr(ec.generate_private_key(ec.SECP256R1()))), envoy, "web-1", LIFE)
    found = x509.load_pem_x509_certificate(issued.pem.encode())
    assert issued.not_after == found.not_valid_after_utc == NOW + LIFE
    assert list(found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.CLIENT_AUTH
    ]
    assert found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [type(name) for name in names] == [x509.UniformResourceIdentifier]
    assert identify(issued.pem).envoy_id == envoy
    assert identify(issued.pem).hostname == "web-1"


def test_both_kinds_of_certificate_chain_to_the_ca_for_their_own_purpose_only(authority: Authority) -> None:
    key = requested_key(_csr(ec.generate_private_key(ec.SECP256R1())))
    envoy = x509.load_pem_x509_certificate(authority.issue_envoy(key, new_envoy_id(), "web-1", LIFE).pem.encode())
    server = x509.load_pem_x509_certificate(authority.issue_server(("localhost",), LIFE)[0].pem.encode())
    builder = PolicyBuilder().store(Store([x509.load_pem_x509_certificate(authority.pem.encode())])).time(NOW)
    builder.build_client_verifier().verify(envoy, [])
    builder.build_server_verifier(x509.DNSName("localhost")).verify(server, [])
    with pytest.raises(VerificationError):
        builder.build_client_verifier().verify(server, [])
    for name in ("localhost", "web-1"):
        with pytest.raises(VerificationError):
            builder.build_server_verifier(x509.DNSName(name)).verify(envoy, [])


def test_no_certificate_outlives_its_ca(authority: Authority, clock: FakeClock) -> None:
    clock.advance(timedelta(days=3650))
    assert authority.issue_server(("localhost",), timedelta(days=90))[0].not_after == authority.not_after


def test_a_long_hostname_is_cut_in_the_subject_only(authority: Authority) -> None:
    key = requested_key(_csr(ed25519.Ed25519PrivateKey.generate()))
    hostname = ".".join(["a" * 60] * 4)
    assert identify(authority.issue_envoy(key, new_envoy_id(), hostname, LIFE).pem).hostname == hostname[:64]


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 1024),  # noqa: S505 - short on purpose
        dsa.generate_private_key(2048),
    ],
    ids=["P-384", "short RSA", "DSA"],
)
def test_keys_of_other_kinds_are_refused(key: object) -> None:
    with pytest.raises(InvalidError, match="expected an EC P-256, ed25519 or RSA key"):
        requested_key(_csr(key))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        "x" * 20_000,
        "\ud800",
    ],
)
def test_what_is_no_signing_request_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        requested_key(text)


def test_a_ca_whose_files_do_not_belong_together_is_refused(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "key").write_bytes(new_key())
    (tmp_path / "pem").write_bytes(ca_certificate(new_key(), NOW, "other"))
    with pytest.raises(DamagedError, match="restore them from a backup"):
        Authority.load(tmp_path / "key", tmp_path / "pem", clock)


def test_the_servers_certificate_is_made_anew_only_when_it_is_due(
    tmp_path: Path, authority: Authority, clock: FakeClock
) -> None:
    path = tmp_path / "server.pem"
    certificate = ServerCertificate(path, lambda: authority, clock)
    assert certificate.renew_if_due(("a.example.com",), LIFE)
    assert not certificate.renew_if_due(("a.example.com",), LIFE)
    assert certificate.renew_if_due(("b.example.com",), LIFE)
    clock.advance(timedelta(days=21))
    assert certificate.renew_if_due(("b.example.com",), LIFE)
    path.write_text("damaged")
    assert certificate.renew_if_due(("b.example.com",), LIFE)
    assert certificate.not_after() == clock.now() + LIFE

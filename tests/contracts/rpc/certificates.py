"""Certificates for the suite: made anew for each session, as small as the TLS layers accept."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ENVOY = "6f1c0e9a-0000-4000-8000-000000000001"
ENVOY_NAME = x509.UniformResourceIdentifier(f"vigo://envoy/{ENVOY}")
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as objects and as PEM files."""

    certificate: x509.Certificate
    private: ec.EllipticCurvePrivateKey
    certificate_file: Path
    key_file: Path

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


@dataclass(frozen=True)
class Authority:
    """Issues certificates into a folder."""

    pair: Pair
    folder: Path

    @classmethod
    def create(cls, folder: Path, name: str = "ca") -> "Authority":
        private = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, name, private, -DAY, 9 * DAY)
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        certificate = builder.add_extension(constraints, critical=True).sign(private, SHA256())
        return cls(_write(folder, name, certificate, private), folder)

    def issue(
        self,
        file_name: str,
        *,
        common_name: str = "web-1.example.com",
        uses: Sequence[x509.ObjectIdentifier] = (CLIENT,),
        names: Sequence[x509.GeneralName] = (ENVOY_NAME,),
        begins: timedelta = -DAY,
        ends: timedelta = 8 * DAY,
    ) -> Pair:
        private = ec.generate_private_key(ec.SECP256R1())
        issuer = self.pair.certificate.subject.rfc4514_string().removeprefix("CN=")
        builder = _builder(common_name, issuer, private, begins, ends)
        if uses:
            builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return _write(self.folder, file_name, builder.sign(self.pair.private, SHA256()), private)

    def issue_server(self, file_name: str = "server") -> Pair:
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        return self.issue(file_name, common_name="localhost", uses=[SERVER], names=names)


def _builder(
    subject: str, issuer: str, private: ec.EllipticCurvePrivateKey, begins: timedelta, ends: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
    )


def _write(folder: Path, name: str, certificate: x509.Certificate, private: ec.EllipticCurvePrivateKey) -> Pair:
    certificate_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    key_file.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Pair(certificate, private, certificate_file, key_file)

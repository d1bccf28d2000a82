"""A certificate authority for tests."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vigo.core.encoding import digest

LIFE = timedelta(days=90)


class FakeCa:
    """Issues server and client certificates as a vigosrv's does. Lives in the real present, since TLS does."""

    def __init__(self, name: str = "Vigo test CA") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1000))
            .not_valid_after(now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def pem(self) -> str:
        """The CA's certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def sha256(self) -> str:
        """Its fingerprint, as people copy it."""
        return digest(self.certificate.public_bytes(serialization.Encoding.DER))

    def server_pem(
        self,
        names: tuple[str, ...] = ("localhost", "127.0.0.1"),
        begins_at: datetime | None = None,
        life: timedelta = LIFE,
    ) -> str:
        """Return a server's certificate and key in one PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names]
        san = x509.SubjectAlternativeName(alternatives)
        pem = self._issue(key.public_key(), names[0], ExtendedKeyUsageOID.SERVER_AUTH, begins_at, life, san)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return pem + private.decode()

    def client_pem(
        self, csr_pem: str, common_name: str, begins_at: datetime | None = None, life: timedelta = LIFE
    ) -> str:
        """Return the certificate for a signing request, named as the server says."""
        request = x509.load_pem_x509_csr(csr_pem.encode())
        key = request.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise TypeError("expected an EC key in the request")
        return self._issue(key, common_name, ExtendedKeyUsageOID.CLIENT_AUTH, begins_at, life, None)

    def _issue(
        self,
        key: ec.EllipticCurvePublicKey,
        name: str,
        usage: x509.ObjectIdentifier,
        begins_at: datetime | None,
        life: timedelta,
        san: x509.SubjectAlternativeName | None,
    ) -> str:
        begins = begins_at or datetime.now(UTC) - timedelta(minutes=5)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]))
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + life)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if san is not None:
            builder = builder.add_extension(san, critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

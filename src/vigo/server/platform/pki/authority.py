"""The certificate authority: what it signs is built from templates of its own, never from what a request asks for.

The CA has no name constraints: operators add server names and addresses after it was made, for ten years.
What keeps an envoy from passing as a server is the key usage, and that its certificate has no host name.
"""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vigo.core.clock import Clock
from vigo.core.encoding import digest
from vigo.core.errors import DamagedError
from vigo.core.ids import Digest, EnvoyId
from vigo.server.platform.pki.requests import EnvoyKey
from vigo.server.platform.rpc.peer import ENVOY_URI

CA_LIFETIME: Final = timedelta(days=3653)

# Source: RFC 5280 appendix A.1, ub-common-name.
_MAX_COMMON_NAME: Final = 64
# Machines whose clocks are a little behind must not find a certificate that is not yet valid.
_BACKDATED: Final = timedelta(hours=1)
# Short lives, which tests and strict fleets set, would otherwise be over at their begin.
_BACKDATED_SHARE: Final = 10


class Issued(NamedTuple):
    """A certificate and when it ends."""

    pem: str
    not_after: datetime
    serial: int
    ca: Digest
    """The CA that issued it."""


def new_key() -> bytes:
    """Return a fresh EC P-256 key as PEM."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def ca_certificate(key_pem: bytes, now: datetime, name: str) -> bytes:
    """Return the CA's own certificate as PEM: EC P-256, ten years, no further CAs below it."""
    key = _private(key_pem)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_MAX_COMMON_NAME])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_ca=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


class Authority:
    """Signs certificates for envoys and for this server."""

    def __init__(self, key_pem: bytes, certificate_pem: bytes, clock: Clock) -> None:
        self._key = _private(key_pem)
        self._certificate = x509.load_pem_x509_certificate(certificate_pem)
        self._clock = clock
        if self._certificate.public_key() != self._key.public_key():
            raise ValueError("the CA's certificate is not for the CA's key")
        self.pem: str = certificate_pem.decode()
        self.not_after: datetime = self._certificate.not_valid_after_utc
        self.sha256: Digest = digest(self._certificate.public_bytes(serialization.Encoding.DER))
        """The SHA-256 of the CA's certificate in DER form, which enrolling machines pin."""

    @classmethod
    def load(cls, key_path: Path, certificate_path: Path, clock: Clock) -> "Authority":
        """Return the authority behind two files.

        Raises:
            DamagedError: they hold something else, or do not belong together.
        """
        try:
            return cls(key_path.read_bytes(), certificate_path.read_bytes(), clock)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise DamagedError(
                f"{key_path}, {certificate_path}: expected the CA's key and certificate, found files that cannot be"
                f" used ({error}); restore them from a backup: envoys trust this CA"
            ) from error

    def issue_envoy(self, key: EnvoyKey, envoy: EnvoyId, hostname: str, lifetime: timedelta) -> Issued:
        """Return a client certificate for an envoy. Of the request only the public key enters.

        A hostname over 64 characters is cut in the subject; the UUID in the URI is the identity.
        """
        uri = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(ENVOY_URI + envoy)])
        backdated = min(_BACKDATED, lifetime / _BACKDATED_SHARE)
        return self._issue(key, hostname, ExtendedKeyUsageOID.CLIENT_AUTH, uri, lifetime, backdated)

    def issue_service(self, key: EnvoyKey, names: tuple[str, ...], lifetime: timedelta) -> Issued:
        """Return a certificate for a service with these names on a machine. Of the request only the key enters."""
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
        backdated = min(_BACKDATED, lifetime / _BACKDATED_SHARE)
        return self._issue(key, names[0], ExtendedKeyUsageOID.SERVER_AUTH, alternatives, lifetime, backdated)

    def issue_server(self, names: tuple[str, ...], lifetime: timedelta) -> tuple[Issued, bytes]:
        """Return a server certificate for host names and addresses, and its new key as PEM."""
        key_pem = new_key()
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
        issued = self._issue(
            _private(key_pem).public_key(),
            names[0],
            ExtendedKeyUsageOID.SERVER_AUTH,
            alternatives,
            lifetime,
            min(_BACKDATED, lifetime / _BACKDATED_SHARE),
        )
        return issued, key_pem

    def _issue(
        self,
        key: EnvoyKey,
        name: str,
        purpose: x509.ObjectIdentifier,
        alternatives: x509.SubjectAlternativeName,
        lifetime: timedelta,
        backdated: timedelta,
    ) -> Issued:
        now = self._clock.now().astimezone(UTC).replace(microsecond=0)
        not_after = min(now + lifetime, self.not_after)
        serial = x509.random_serial_number()
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_MAX_COMMON_NAME])]))
            .issuer_name(self._certificate.subject)
            .public_key(key)
            .serial_number(serial)
            .not_valid_before(now - backdated)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(is_ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(alternatives, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Issued(certificate.public_bytes(serialization.Encoding.PEM).decode(), not_after, serial, self.sha256)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key_pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(key_pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the CA's key is no EC key")
    return key

"""The key of the client certificate: EC P-256. `cryptography` is only imported by who makes or checks keys."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from vigo.core.errors import UnauthenticatedError

MAX_COMMON_NAME = 64
"""Source: RFC 5280 appendix A.1, ub-common-name."""


class CertificateLife(NamedTuple):
    """When a certificate is valid, and when it should be renewed: at two thirds."""

    begins_at: datetime
    expires_at: datetime

    @property
    def renew_at(self) -> datetime:
        """Two thirds of the life."""
        return self.begins_at + (self.expires_at - self.begins_at) * 2 / 3


def new_key() -> bytes:
    """Return a fresh private key as PEM."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def signing_request(key_pem: bytes, hostname: str) -> str:
    """Return a PKCS #10 request for a client certificate as PEM."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hostname[:MAX_COMMON_NAME])])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(_private(key_pem), hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def check_certificate(certificate_pem: str, key_pem: bytes, ca_pem: str) -> CertificateLife:
    """Return the life of a certificate that is for our key and signed by one of our CAs.

    Raises:
        UnauthenticatedError: it is not; nothing may be replaced by it.
    """
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        cas = x509.load_pem_x509_certificates(ca_pem.encode())
        key = certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnauthenticatedError(
            f"expected a certificate, found something else ({error}); nothing was stored"
        ) from error
    if not _is_issued_by(certificate, cas):
        raise UnauthenticatedError("expected a certificate that a pinned CA signed, found another; nothing was stored")
    if key != _private(key_pem).public_key():
        raise UnauthenticatedError("expected a certificate for this machine's key, found one for another")
    return CertificateLife(certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def is_issued_by(certificate_pem: bytes, ca_pem: str) -> bool:
    """Return whether one of these CAs signed a certificate; False for what is none."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        return _is_issued_by(certificate, x509.load_pem_x509_certificates(ca_pem.encode()))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def _is_issued_by(certificate: x509.Certificate, cas: Iterable[x509.Certificate]) -> bool:
    for ca in cas:
        try:
            certificate.verify_directly_issued_by(ca)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            continue
        return True
    return False


def _private(key_pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(key_pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise UnauthenticatedError("expected an EC key in the identity folder, found another; enrol with --force")
    return key

"""Certificates made for tests, with no file and no clock behind them."""

from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

LAST_DAY = datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC)
SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(b"7" * 32)


def name(common_name: str) -> x509.Name:
    """Return the name of a person, host or authority."""
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


@cache
def certificate(
    subject: str, *, issuer: str = "Some CA", names: tuple[str, ...] = (), addresses: tuple[str, ...] = ()
) -> x509.Certificate:
    """Return a certificate with a key on the curve P-256, or one that may sign others where it signs itself."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(generate_private_key(SECP256R1()).public_key())
        .serial_number(7)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(LAST_DAY)
    )
    if names or addresses:
        alternatives = [*map(x509.DNSName, names), *(x509.IPAddress(ip_address(one)) for one in addresses)]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    if subject == issuer:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(SIGNING_KEY, None)


def pem(found: x509.Certificate) -> bytes:
    """Return a certificate as files mostly hold it."""
    return found.public_bytes(Encoding.PEM)


def der(found: x509.Certificate) -> bytes:
    """Return a certificate in its binary form."""
    return found.public_bytes(Encoding.DER)


def private_key() -> bytes:
    """Return a private key as files hold it."""
    return SIGNING_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

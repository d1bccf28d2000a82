"""Making private keys, self-signed certificates and signing requests for servers. Source: RFC 5280, RFC 8410."""

from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal

from vigo.catalog.formats.key_pairs import load_key
from vigo.catalog.formats.server_names import address_of
from vigo.core.errors import InvalidError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    _Signer = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

KeyType = Literal["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048", "rsa-3072", "rsa-4096"]
"""The sorts of keys that are made."""

_EXPONENT = 65537


def new_key(key_type: KeyType) -> bytes:
    """Return a fresh private key as PEM (PKCS #8), without a passphrase."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - importing it takes some 30 ms

    return _generated(key_type).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def self_signed(key_pem: bytes, names: Sequence[str], begins: datetime, ends: datetime) -> bytes:
    """Return a certificate as PEM for a server with these names, the first of them its common name.

    It is nobody's authority: who takes it for one can be shown no other certificate by whoever has the key.

    Raises:
        InvalidError: the key is none that can sign a certificate.
    """
    from cryptography import x509  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa  # noqa: PLC0415 - as above
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415 - as above

    key = _signer(load_key(key_pem))
    public = key.public_key()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(is_rsa=isinstance(key, rsa.RSAPrivateKey)), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )
    # Ed25519 has its hash in it. Source: RFC 8410 section 3.
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM)


def signing_request(key_pem: bytes, names: Sequence[str]) -> bytes:
    """Return a request (PKCS #10) for a certificate with these names as PEM; no common name, which is on its way out.

    Raises:
        InvalidError: the key is none that can sign.
    """
    from cryptography import x509  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - as above

    key = _signer(load_key(key_pem))
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
    )
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM)


def _generated(key_type: KeyType) -> "PrivateKeyTypes":
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415 - as above

    match key_type:
        case "ecdsa-p256":
            return ec.generate_private_key(ec.SECP256R1())
        case "ecdsa-p384":
            return ec.generate_private_key(ec.SECP384R1())
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return rsa.generate_private_key(_EXPONENT, int(key_type.removeprefix("rsa-")))


def _signer(key: "PrivateKeyTypes") -> "_Signer":
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415 - as above

    if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey):
        raise InvalidError("expected a private key of ECDSA, Ed25519 or RSA, found another; set key_type for a new one")
    return key


def _general(name: str) -> "x509.GeneralName":
    from cryptography import x509  # noqa: PLC0415 - as above

    return x509.DNSName(name) if address_of(name) is None else x509.IPAddress(ip_address(name))


def _usage(*, is_rsa: bool) -> "x509.KeyUsage":
    """Return what the key is for: signing in a handshake, and with RSA the key exchange of TLS before 1.3."""
    from cryptography import x509  # noqa: PLC0415 - as above

    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=is_rsa,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )

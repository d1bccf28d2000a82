"""X.509 certificates in files. Pure: bytes in, what the first one says out. Source: RFC 5280, RFC 7468."""

import re
import warnings
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from cryptography import x509

_BLOCK: Final = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[A-Za-z0-9+/=\s]{1,65536}-----END ")
_BEGIN: Final = b"-----BEGIN "
_DER: Final = b"\x30\x82"
_MOST_IN_FILE: Final = 10
"""A chain has fewer; what has more is a bundle of authorities."""
_MOST_NAMES: Final = 50
_LONGEST: Final = 200
_ODD = "?"


class FoundCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate says. `not_after` is a day, such as 2027-01-31, in UTC."""

    subject: str
    names: tuple[str, ...]
    issuer: str
    not_after: str
    key_type: str
    key_bits: int
    is_authority: bool
    is_self_signed: bool


def certificate_blocks(content: bytes) -> tuple[bytes, ...]:
    """Return the certificates of a file, still encoded: those in PEM, or the one that the file is in DER.

    Nothing but certificates is taken: a private key beside them stays behind.
    """
    if _BEGIN in content:
        found = (block[0] for block in _BLOCK.finditer(content))
        return tuple(block + b"CERTIFICATE-----\n" for block, _ in zip(found, range(_MOST_IN_FILE + 1), strict=False))
    return (content,) if content.startswith(_DER) else ()


def is_bundle(blocks: tuple[bytes, ...]) -> bool:
    """Return whether a file holds too many certificates for one leaf and its chain."""
    return len(blocks) > _MOST_IN_FILE


def parse_certificate(block: bytes) -> FoundCertificate | None:
    """Return what a certificate says, or None where it is none that can be read."""
    # Importing it takes some 30 ms, which machines without certificates need not pay.
    from cryptography import x509  # noqa: PLC0415 - as above
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - as above
    from cryptography.utils import CryptographyDeprecationWarning  # noqa: PLC0415 - as above

    try:
        with warnings.catch_warnings():
            # That a serial number is zero, or an extension out of place, is no matter of an agent's standard error.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            found = (
                x509.load_pem_x509_certificate(_as_plain(block))
                if block.startswith(_BEGIN)
                else x509.load_der_x509_certificate(block)
            )
            return _told(found)
    except (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    ):
        return None


def _as_plain(block: bytes) -> bytes:
    return block.replace(b"-----BEGIN X509 CERTIFICATE-----", b"-----BEGIN CERTIFICATE-----")


def _told(found: "x509.Certificate") -> FoundCertificate:
    from cryptography import x509  # noqa: PLC0415 - as above

    key_type, key_bits = _key(found)
    try:
        constraints = found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        constraints = False
    return FoundCertificate(
        subject=_text(found.subject),
        names=_names(found),
        issuer=_text(found.issuer),
        not_after=found.not_valid_after_utc.date().isoformat(),
        key_type=key_type,
        key_bits=key_bits,
        is_authority=constraints,
        is_self_signed=found.subject.public_bytes() == found.issuer.public_bytes(),
    )


def _text(name: "x509.Name") -> str:
    return name.rfc4514_string()[:_LONGEST]


def _names(found: "x509.Certificate") -> tuple[str, ...]:
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        named = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    texts = {
        *named.get_values_for_type(x509.DNSName),
        *map(str, named.get_values_for_type(x509.IPAddress)),
        *named.get_values_for_type(x509.RFC822Name),
        *named.get_values_for_type(x509.UniformResourceIdentifier),
    }
    return tuple(sorted(text[:_LONGEST] for text in texts)[:_MOST_NAMES])


def _key(found: "x509.Certificate") -> tuple[str, int]:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa  # noqa: PLC0415 - as above

    try:
        key = found.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return _ODD, 0
    if isinstance(key, rsa.RSAPublicKey):
        return "rsa", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ec", key.key_size
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519", 256
    return ("ed448", 456) if isinstance(key, ed448.Ed448PublicKey) else (_ODD, 0)

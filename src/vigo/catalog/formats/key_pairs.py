"""Private keys and the certificates made for them, as far as one is compared with the other. Pure: bytes in.

What is told of a private key is its sort and the digest of its public half, never more. Source: RFC 5280, RFC 5958,
RFC 7468.
"""

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from vigo.catalog.formats.certificates import certificate_blocks, is_bundle
from vigo.core.errors import InvalidError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

MAX_KEY_BYTES: Final = 8 * 1024
"""A larger file is no private key that a server would use: RSA of 8192 bits takes 6.5 KiB as text."""

MAX_CERTIFICATE_BYTES: Final = 256 * 1024
WEAKEST_RSA_BITS: Final = 2048
_CERTIFICATE: Final = b"CERTIFICATE-----"
_ENCRYPTED: Final = (b"ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED")
_PRIVATE: Final = b"PRIVATE KEY-----"


class FoundKey(msgspec.Struct, frozen=True):
    """A private key: its sort, such as ecdsa-p256 or rsa-2048, and the SHA-256 of its public half."""

    key_type: str
    public: str

    @property
    def is_usable(self) -> bool:
        """Whether today's programs take a certificate for such a key."""
        name, _, bits = self.key_type.partition("-")
        return int(bits) >= WEAKEST_RSA_BITS if name == "rsa" else name in ("ecdsa", "ed25519")


class FoundPair(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate of a server. `names` are as `server_name` gives them; `other_names` says that it has more.

    `issuer` is the common name of who signed it.
    """

    common_name: str
    issuer: str
    names: frozenset[str]
    other_names: bool
    begins: datetime
    ends: datetime
    public: str
    is_self_signed: bool
    for_servers: bool


def read_key(content: bytes) -> FoundKey:
    """Return what a file holds that is a private key in PEM and nothing more.

    Raises:
        InvalidError: it is another thing, has a passphrase, or more is in it. The message has nothing of it.
    """
    if any(mark in content for mark in _ENCRYPTED):
        raise InvalidError("a private key with a passphrase")
    if _CERTIFICATE in content:
        raise InvalidError("a file with certificates in it")
    if _PRIVATE not in content or len(content) > MAX_KEY_BYTES:
        raise InvalidError("something else")
    return described_key(load_key(content))


def load_key(content: bytes) -> "PrivateKeyTypes":
    """Return a private key, to sign with.

    Raises:
        InvalidError: it is none that can be read. The message has nothing of it.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - importing it takes some 30 ms
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - as above

    try:
        return load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidError("a private key that cannot be read") from None  # what is behind it could quote it


def described_key(key: "PrivateKeyTypes") -> FoundKey:
    """Return the sort of a private key and the digest of its public half."""
    public = key.public_key()
    return FoundKey(key_type=_sort(public), public=_digest(public))


def read_pair(content: bytes) -> FoundPair | None:
    """Return the first certificate of a file, or None where it is empty or damaged.

    Raises:
        InvalidError: the file holds another thing, or a bundle of authorities.
    """
    if not content.strip():
        return None
    blocks = certificate_blocks(content)
    if is_bundle(blocks) or _PRIVATE in content or (not blocks and b"-----BEGIN CERTIFICATE-----" not in content):
        raise InvalidError("something else")
    return _described_pair(blocks[0]) if blocks else None


def _described_pair(block: bytes) -> FoundPair | None:
    from cryptography import x509  # noqa: PLC0415 - as above
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415 - as above

    is_text = block.startswith(b"-----BEGIN")
    try:
        found = x509.load_pem_x509_certificate(block) if is_text else x509.load_der_x509_certificate(block)
        names, more = _names(found)
        return FoundPair(
            common_name=_common_name(found.subject),
            issuer=_common_name(found.issuer),
            names=names,
            other_names=more,
            begins=found.not_valid_before_utc,
            ends=found.not_valid_after_utc,
            public=_digest(found.public_key()),
            is_self_signed=_signed_itself(found),
            for_servers=_serves(found),
        )
    except (
        ValueError,
        TypeError,
        InvalidSignature,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    ):
        return None


def _common_name(name: "x509.Name") -> str:
    from cryptography.x509 import NameOID  # noqa: PLC0415 - as above

    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if len(common) == 1 else ""


def _names(found: "x509.Certificate") -> tuple[frozenset[str], bool]:
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        named = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset(), False
    hosts = [name.lower() for name in named.get_values_for_type(x509.DNSName)]
    addresses = [str(address) for address in named.get_values_for_type(x509.IPAddress)]
    return frozenset((*hosts, *addresses)), len(hosts) + len(addresses) < len(list(named))


def _serves(found: "x509.Certificate") -> bool:
    from cryptography import x509  # noqa: PLC0415 - as above
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415 - as above

    try:
        used = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.SERVER_AUTH in used


def _signed_itself(found: "x509.Certificate") -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415 - as above

    try:
        found.verify_directly_issued_by(found)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _digest(public: "PublicKeyTypes") -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - as above

    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _sort(public: "PublicKeyTypes") -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415 - as above

    if isinstance(public, rsa.RSAPublicKey):
        return f"rsa-{public.key_size}"
    if isinstance(public, ec.EllipticCurvePublicKey):
        return "ecdsa-" + {"secp256r1": "p256", "secp384r1": "p384"}.get(public.curve.name, public.curve.name)
    return "ed25519" if isinstance(public, ed25519.Ed25519PublicKey) else "another"

"""Who calls: the identity that an envoy's certificate carries, parsed once per certificate."""

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import msgspec

from vigo.core.errors import InvalidError, UnauthenticatedError
from vigo.core.ids import EnvoyId, parse_envoy_id

if TYPE_CHECKING:
    from cryptography import x509

ExtensionT = TypeVar("ExtensionT", bound="x509.ExtensionType")

ENVOY_URI = "vigo://envoy/"
"""What stands before the UUID in the subject alternative name of an envoy's certificate."""

# A fleet of 10,000 and as many again in renewal: an entry is about 2 KB with its key, the certificate's own text.
_KEPT_IDENTITIES = 20_000


class PeerIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """The envoy behind a connection, as the CA certified it. Nothing here is what the envoy says of itself."""

    envoy_id: EnvoyId
    hostname: str
    serial: int
    fingerprint_sha256: str
    """Lower-case hexadecimal, over the DER form."""
    not_after: datetime
    """When the certificate lapses. A connection held open outlives it, so who admits calls must look."""


@lru_cache(maxsize=_KEPT_IDENTITIES)
def identify(certificate_pem: str) -> PeerIdentity:
    """Return the identity in an envoy's certificate, whose chain the TLS layer has verified.

    Args:
        certificate_pem: the leaf in PEM, as the `tls` extension of ASGI hands it over.

    Raises:
        UnauthenticatedError: it is no certificate that Vigo issues to envoys.
    """
    from cryptography import x509  # noqa: PLC0415 - 10 MB that a process without envoys never needs
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - the same
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - the same

    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        return PeerIdentity(
            envoy_id=_envoy_id(certificate),
            hostname=_hostname(certificate),
            serial=certificate.serial_number,
            fingerprint_sha256=certificate.fingerprint(SHA256()).hex(),
            not_after=certificate.not_valid_after_utc,
        )
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise UnauthenticatedError(f"expected an envoy's certificate, found one that cannot be read: {error}") from None


def _envoy_id(certificate: "x509.Certificate") -> EnvoyId:
    from cryptography import x509  # noqa: PLC0415 - loaded by the caller already

    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    # The server's own certificate comes from the same CA; only this extension keeps it from passing as an envoy.
    if purposes is None or x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
        raise UnauthenticatedError("expected an envoy's certificate, found one that is not for client authentication")
    names = _extension(certificate, x509.SubjectAlternativeName)
    uris = [] if names is None else names.get_values_for_type(x509.UniformResourceIdentifier)
    if len(uris) != 1 or not uris[0].startswith(ENVOY_URI):
        raise UnauthenticatedError(
            f"expected an envoy's certificate with one URI {ENVOY_URI}UUID, found {uris!r}; enrol this machine"
        )
    try:
        return parse_envoy_id(uris[0].removeprefix(ENVOY_URI))
    except InvalidError as error:
        raise UnauthenticatedError(f"in the certificate's URI: {error}") from None


def _hostname(certificate: "x509.Certificate") -> str:
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 - loaded by the caller already

    values = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if len(values) != 1 or not values[0]:
        raise UnauthenticatedError(f"expected an envoy's certificate with one common name, found {values!r}")
    return values[0]


def _extension(certificate: "x509.Certificate", kind: type[ExtensionT]) -> ExtensionT | None:
    from cryptography import x509  # noqa: PLC0415 - loaded by the caller already

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None

"""What agents trust, and how that changes: documents that follow each other, each signed with a key that is trusted.

An agent takes the ones behind its own in their order. So it learns of another CA and another policy key without being
enrolled anew, also when it was off while both were replaced.
"""

import re
from collections.abc import Iterable
from datetime import datetime

import msgspec

from vigo.core.encoding import NOT_DECODED, digest
from vigo.core.errors import ConflictError, DamagedError, UnauthenticatedError
from vigo.core.ids import Digest
from vigo.core.signing import TRUST_CONTEXT, Signer, VerifyKey, framed

MOST_DOCUMENTS = 1_000
"""In one answer; more than a server makes in its life."""

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """Whom agents trust from a version on: the CAs of servers and envoys, and the keys that sign policies.

    `ca_pem` has one certificate or more; `policy_keys` are in hexadecimal.
    """

    version: int
    issued_at: datetime
    ca_pem: str
    policy_keys: tuple[str, ...]

    def verify_keys(self) -> tuple[VerifyKey, ...]:
        """Return the policy keys."""
        return tuple(VerifyKey(bytes.fromhex(key)) for key in self.policy_keys)


class SignedTrust(msgspec.Struct, frozen=True):
    """A document as it travels: JSON, and the signature over that."""

    content: bytes
    signature: bytes


def sign_trust(trust: Trust, key: Signer) -> SignedTrust:
    """Return a document signed with a policy key."""
    content = msgspec.json.encode(trust)
    return SignedTrust(content, key.sign(framed(TRUST_CONTEXT, content)))


def open_trust(signed: SignedTrust, keys: Iterable[VerifyKey]) -> Trust:
    """Return the document that one of the keys signed.

    Raises:
        UnauthenticatedError: none of them did.
        DamagedError: what was signed is none, or trusts nobody.
    """
    message = framed(TRUST_CONTEXT, signed.content)
    for key in keys:
        try:
            key.verify(message, signed.signature)
        except UnauthenticatedError:
            continue
        return _read(signed.content)
    raise UnauthenticatedError(
        "expected a document of whom to trust that a pinned policy key signed, found another signature"
    )


def followed(present: Trust, documents: Iterable[SignedTrust]) -> Trust:
    """Return what is trusted after some documents, which follow each other and the present one.

    Those that are known already are passed over.

    Raises:
        UnauthenticatedError: one is not signed with a key that the one before it trusts.
        ConflictError: one is missing in between.
        DamagedError: one is none.
    """
    for signed in documents:
        following = open_trust(signed, present.verify_keys())
        if following.version <= present.version:
            continue
        if following.version != present.version + 1:
            raise ConflictError(
                f"expected the document of whom to trust {present.version + 1}, found {following.version}"
            )
        present = following
    return present


def certificates_in(pem: str) -> tuple[str, ...]:
    """Return the certificates in a text, each as PEM."""
    return tuple(found.group() + "\n" for found in _PEM.finditer(pem))


def fingerprint_of(certificate_pem: str) -> Digest:
    """Return the SHA-256 of a certificate in DER form, which enrolling machines pin.

    Raises:
        DamagedError: it is none.
    """
    import ssl  # noqa: PLC0415 - for changes of trust alone

    try:
        return digest(ssl.PEM_cert_to_DER_cert(certificate_pem))
    except ValueError as error:
        raise DamagedError(f"expected a certificate as PEM, found something else: {error}") from error


def _read(content: bytes) -> Trust:
    try:
        trust = msgspec.json.decode(content, type=Trust)
        trust.verify_keys()
    except (*NOT_DECODED, ValueError, UnauthenticatedError) as error:
        raise DamagedError(f"expected a document of whom to trust, found something else: {error}") from error
    if not trust.policy_keys or not certificates_in(trust.ca_pem):
        raise DamagedError("expected a document that trusts a CA and a policy key, found one that trusts none")
    return trust

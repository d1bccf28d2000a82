"""Ed25519 signatures (RFC 8032) over length-prefixed fields, so that no two different requests sign the same bytes."""

import struct
from pathlib import Path
from typing import NamedTuple, Protocol

import nacl.exceptions
import nacl.signing

from vigo.core.errors import DamagedError, UnauthenticatedError
from vigo.core.ids import EnvoyId, ServerId, SessionId

REQUEST_CONTEXT = b"vigo request v1"
BUNDLE_CONTEXT = b"vigo bundle v1"
ENROL_CONTEXT = b"vigo enrol v1"
FORMER_CONTEXT = b"vigo former v1"
RETURN_CONTEXT = b"vigo return v1"
TASK_CONTEXT = b"vigo task v1"
SCRIER_CONTEXT = b"vigo scrier v1"
TRUST_CONTEXT = b"vigo trust v1"
SEED_SIZE_BYTES = 32


class SignedFields(NamedTuple):
    """What a request's signature covers. `session` changes at each start of the server, so no replay outlives one."""

    method: str
    server: ServerId
    session: SessionId
    envoy: EnvoyId
    sequence: int
    body: bytes


class Signer(Protocol):
    """Whatever signs as one ed25519 key: a file's, or one that never leaves a device."""

    @property
    def public(self) -> bytes:
        """The 32 bytes of the public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature."""
        ...


class SigningKey:
    """A private ed25519 key."""

    def __init__(self, seed: bytes) -> None:
        self._key = nacl.signing.SigningKey(seed)
        self.public: bytes = bytes(self._key.verify_key)

    @classmethod
    def generate(cls) -> "SigningKey":
        """Return a new random key."""
        return cls(bytes(nacl.signing.SigningKey.generate()))

    @classmethod
    def load(cls, path: Path) -> "SigningKey":
        """Return the key stored as 64 hexadecimal digits.

        Raises:
            DamagedError: the file holds something else.
        """
        text = path.read_text("ascii", errors="replace").strip()
        try:
            return cls(bytes.fromhex(text))
        except (ValueError, nacl.exceptions.CryptoError) as error:
            raise DamagedError(
                f"{path}: expected an ed25519 key as 64 hexadecimal digits, found {len(text)} characters"
            ) from error

    def to_hex(self) -> str:
        """Return the private seed as 64 hexadecimal digits, for storing in a 0600 file."""
        return bytes(self._key).hex()

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature."""
        return self._key.sign(message).signature

    def sign_request(self, fields: SignedFields) -> bytes:
        """Return the signature of a request's fields."""
        return self.sign(request_message(fields))


class VerifyKey:
    """A public ed25519 key."""

    def __init__(self, public: bytes) -> None:
        try:
            self._key = nacl.signing.VerifyKey(public)
        except (ValueError, nacl.exceptions.CryptoError) as error:
            raise UnauthenticatedError(f"expected an ed25519 public key of 32 bytes, found {len(public)}") from error
        self.public = public

    def verify(self, message: bytes, signature: bytes) -> None:
        """Accept a good signature.

        Raises:
            UnauthenticatedError: the signature is not this key's over this message.
        """
        try:
            self._key.verify(message, signature)
        except (ValueError, nacl.exceptions.CryptoError) as error:
            raise UnauthenticatedError(
                "the signature does not match: the message was changed or signed with another key"
            ) from error

    def verify_request(self, fields: SignedFields, signature: bytes) -> None:
        """Accept a request that was signed over exactly these fields.

        Raises:
            UnauthenticatedError: it was not.
        """
        self.verify(request_message(fields), signature)


def request_message(fields: SignedFields) -> bytes:
    """Return the bytes that a request's signature covers."""
    return framed(
        REQUEST_CONTEXT,
        fields.method.encode(),
        fields.server.encode(),
        fields.session.encode(),
        fields.envoy.encode(),
        struct.pack(">Q", fields.sequence),
        fields.body,
    )


def framed(*parts: bytes) -> bytes:
    """Return the parts joined, each behind its length in four bytes: no two lists of parts give the same bytes."""
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)

"""What an agent and the server say to each other over HTTPS, where there is no client certificate that holds."""

import struct
from datetime import datetime

import msgspec

from vigo.core.encoding import digest
from vigo.core.ids import EnvoyId, ServerId
from vigo.core.signing import ENROL_CONTEXT, FORMER_CONTEXT, RETURN_CONTEXT, framed

CA_PATH = "/bootstrap/v1/ca"
"""GET: the CA certificate as PEM. The agent compares its digest with the pinned one before it says anything."""

SERVICE_CA_PATH = "/bootstrap/v1/service-ca"

ENROL_PATH = "/bootstrap/v1/enroll"
"""POST an `EnrolRequest` as JSON, get an `EnrolAnswer`; or, with 202, a `WaitAnswer`."""

RETURN_PATH = "/bootstrap/v1/return"
"""POST a `ReturnRequest` as JSON, get a `ReturnAnswer`: the way back for an envoy whose certificate has ended."""

BOOTSTRAP_PATH = "/bootstrap"
"""GET: a script that installs the agent and enrols the machine."""

PACKAGES_PATH = "/bootstrap/v1/packages"

TRUST_PATH = "/bootstrap/v1/trust"
"""GET: the documents of whom to trust behind `after`, for an agent that the server's certificate tells nothing."""


class EnrolRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A machine asks for its identity. `signature` proves that it holds the signing key.

    Without a token it asks for somebody's approval. `former` is the envoy that it was until now, and
    `former_signature` the proof of that one's signing key: with it the envoy stays the same.
    """

    token: str = ""
    hostname: str
    csr_pem: str
    signing_key: str
    signature: str
    former: str = ""
    former_signature: str = ""

    def signed_message(self) -> bytes:
        """Return what the signature covers."""
        return enrol_message(self.token, self.hostname, self.csr_pem, self.signing_key)

    def former_message(self) -> bytes:
        """Return what the signature of the former key covers."""
        return former_message(self.former, self.signed_message())


class EnrolAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The identity: the certificate, whom to trust and where to call.

    `policy_keys` are the ed25519 keys, in hexadecimal, of which one signed every genuine bundle. `grpc_addresses`
    are `HOST:PORT`. `ca_pem` has all CAs that agents trust, and `trust_version` is the document that says so.
    """

    envoy: EnvoyId
    hostname: str
    certificate_pem: str
    ca_pem: str
    policy_keys: tuple[str, ...]
    server: ServerId
    grpc_addresses: tuple[str, ...]
    interval_seconds: int
    trust_version: int = 0


class TrustDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document of whom to trust in an answer over HTTPS; `signature` is in hexadecimal."""

    content: str
    signature: str


class WaitAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody has decided yet. `fingerprint` is that of the signing key, by which an operator tells machines apart."""

    fingerprint: str
    ask_again_seconds: int
    expires_at: datetime


class ReturnRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An envoy whose certificate has ended asks for another one. `signature` is its signing key's."""

    envoy: str
    server: str
    sequence: int
    csr_pem: str
    signature: str

    def signed_message(self) -> bytes:
        """Return what the signature covers."""
        return return_message(self.server, self.envoy, self.sequence, self.csr_pem)


class ReturnAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The new certificate."""

    certificate_pem: str


def enrol_message(token: str, hostname: str, csr_pem: str, signing_key: str) -> bytes:
    """Return the bytes that an enrolment's signature covers; the token enters as its digest."""
    return framed(
        ENROL_CONTEXT, digest(token.encode()).encode(), hostname.encode(), csr_pem.encode(), signing_key.encode()
    )


def former_message(former: str, message: bytes) -> bytes:
    """Return what the former key signs: who it was, and all that the new one signs."""
    return framed(FORMER_CONTEXT, former.encode(), message)


def return_message(server: str, envoy: str, sequence: int, csr_pem: str) -> bytes:
    """Return the bytes that the signature of an envoy's return covers."""
    return framed(RETURN_CONTEXT, server.encode(), envoy.encode(), struct.pack(">Q", sequence), csr_pem.encode())


def key_fingerprint(public: bytes) -> str:
    """Return how a key is told apart by people: half of its SHA-256, in groups of four hexadecimal digits."""
    half = digest(public)[:32]
    return "-".join(half[at : at + 4] for at in range(0, len(half), 4))

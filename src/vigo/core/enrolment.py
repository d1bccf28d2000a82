"""What an enrolling agent and the server say to each other over HTTPS, before there is a client certificate."""

import msgspec

from vigo.core.encoding import digest
from vigo.core.ids import EnvoyId, ServerId
from vigo.core.signing import ENROL_CONTEXT, framed

CA_PATH = "/bootstrap/v1/ca"
SERVICE_CA_PATH = "/bootstrap/v1/service-ca"
"""GET: the CA certificate as PEM. The agent compares its digest with the pinned one before it says anything."""

ENROL_PATH = "/bootstrap/v1/enroll"
"""POST an `EnrolRequest` as JSON, get an `EnrolAnswer`."""


class EnrolRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A machine asks for its identity. `signature` proves that it holds the signing key."""

    token: str
    hostname: str
    csr_pem: str
    signing_key: str
    signature: str

    def signed_message(self) -> bytes:
        """Return what the signature covers."""
        return enrol_message(self.token, self.hostname, self.csr_pem, self.signing_key)


class EnrolAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The identity: the certificate, whom to trust and where to call.

    `policy_keys` are the ed25519 keys, in hexadecimal, of which one signed every genuine bundle. `grpc_addresses`
    are `HOST:PORT`.
    """

    envoy: EnvoyId
    hostname: str
    certificate_pem: str
    ca_pem: str
    policy_keys: tuple[str, ...]
    server: ServerId
    grpc_addresses: tuple[str, ...]
    interval_seconds: int


def enrol_message(token: str, hostname: str, csr_pem: str, signing_key: str) -> bytes:
    """Return the bytes that an enrolment's signature covers; the token enters as its digest."""
    return framed(
        ENROL_CONTEXT, digest(token.encode()).encode(), hostname.encode(), csr_pem.encode(), signing_key.encode()
    )

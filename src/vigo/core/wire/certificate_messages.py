"""Typed messages of `SignCertificate`."""

import msgspec

from vigo.core.wire import agent_pb2 as pb
from vigo.core.wire.messages import parsed


class SignCertificate(msgspec.Struct, frozen=True):
    """A request to the service CA: a signing request (PEM), and for how many days."""

    csr_pem: str
    days: int

    def to_bytes(self) -> bytes:
        """Return the protobuf form."""
        return pb.SignCertificateRequest(csr_pem=self.csr_pem, days=self.days).SerializeToString()

    @classmethod
    def from_bytes(cls, data: bytes) -> "SignCertificate":
        """Return the request behind protobuf bytes, or raise InvalidError."""
        message = parsed(pb.SignCertificateRequest(), data)
        return cls(message.csr_pem, message.days)


class SignedChain(msgspec.Struct, frozen=True):
    """A certificate and that of the CA that signed it, in PEM."""

    pem: str

    def to_bytes(self) -> bytes:
        """Return the protobuf form."""
        return pb.SignCertificateResponse(chain_pem=self.pem).SerializeToString()

    @classmethod
    def from_bytes(cls, data: bytes) -> "SignedChain":
        """Return the answer behind protobuf bytes, or raise InvalidError."""
        return cls(parsed(pb.SignCertificateResponse(), data).chain_pem)

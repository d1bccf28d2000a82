"""Typed messages of `ResolveSecrets`, and what is sealed in them."""

from collections.abc import Mapping
from typing import Final

import msgspec

from vigo.core.encoding import decode, encode
from vigo.core.errors import DamagedError, InvalidError
from vigo.core.ids import EnvoyId
from vigo.core.sealing import Reader, SealingKeys, seal
from vigo.core.secret_marker import marker_named
from vigo.core.signing import framed
from vigo.core.wire import agent_pb2 as pb
from vigo.core.wire.messages import parsed

MOST_SECRETS: Final = 10_000
"""How many secrets may be asked for at once."""

MOST_SECRET_BYTES: Final = 2 * 1024 * 1024
"""What the values of one answer may take."""


_CONTEXT: Final = b"vigo secrets v1"


class ResolveSecrets(msgspec.Struct, frozen=True):
    """A request for the values of secrets by name, and the keys that the answer is sealed to."""

    names: tuple[str, ...]
    keys: SealingKeys

    def to_bytes(self) -> bytes:
        """Return the protobuf form."""
        return pb.ResolveSecretsRequest(
            names=self.names, x25519_key=self.keys.x25519, mlkem768_key=self.keys.mlkem768
        ).SerializeToString()

    @classmethod
    def from_bytes(cls, data: bytes) -> "ResolveSecrets":
        """Return the request behind protobuf bytes.

        Raises:
            InvalidError: they are none, or hold what is no name of a secret, or too many.
        """
        message = parsed(pb.ResolveSecretsRequest(), data)
        if not 0 < len(message.names) <= MOST_SECRETS:
            raise InvalidError(f"expected 1 to {MOST_SECRETS} names of secrets, found {len(message.names)}")
        return cls(
            tuple(dict.fromkeys(marker_named(name).name for name in message.names)),
            SealingKeys(x25519=message.x25519_key, mlkem768=message.mlkem768_key),
        )


class Resolved(msgspec.Struct, frozen=True):
    """The values of secrets by name, and why others have none now."""

    values: Mapping[str, str] = {}
    problems: Mapping[str, str] = {}

    def __repr__(self) -> str:
        """Return which there are, and never a value."""
        return f"Resolved(values of {sorted(self.values)}, problems={dict(self.problems)})"

    def to_bytes(self, keys: SealingKeys, request: bytes, envoy: EnvoyId) -> bytes:
        """Return the protobuf form, its values sealed to whoever sent the request, which is the body as it came.

        Raises:
            InvalidError: the keys are none.
        """
        sealed = seal(encode(dict(self.values)), keys, _context(envoy, request))
        problems = [pb.SecretProblem(name=name, reason=reason) for name, reason in self.problems.items()]
        return pb.ResolveSecretsResponse(sealed=sealed, problems=problems).SerializeToString()

    @classmethod
    def from_bytes(cls, data: bytes, reader: Reader, request: bytes, envoy: EnvoyId) -> "Resolved":
        """Return the answer to a request, which is the body as it was sent.

        Raises:
            InvalidError: the bytes are none, or were sealed to another request.
        """
        message = parsed(pb.ResolveSecretsResponse(), data)
        plain = reader.open(message.sealed, _context(envoy, request))
        try:
            values = decode(plain, dict[str, str])
        except DamagedError as error:
            raise InvalidError("expected the values of secrets in the answer, found something else") from error
        return cls(values, {one.name: one.reason for one in message.problems})


def _context(envoy: EnvoyId, request: bytes) -> bytes:
    """Return what an answer is bound to: this envoy, and every byte of this request."""
    return framed(_CONTEXT, envoy.encode(), request)

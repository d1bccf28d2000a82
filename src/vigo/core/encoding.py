"""The one canonical encoding: equal values have equal bytes, so digests and signatures can be compared."""

import hashlib
from typing import Any, TypeVar

import msgspec

from vigo.core.errors import DamagedError
from vigo.core.ids import Digest
from vigo.core.secret_marker import from_extension, to_extension

T = TypeVar("T")

NOT_DECODED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for foreign bytes: no JSON or none of the type, names that are no UTF-8, too deep."""

_ENCODER = msgspec.msgpack.Encoder(order="sorted", enc_hook=to_extension)
_AS_WRITTEN = msgspec.msgpack.Encoder(enc_hook=to_extension)


def encode(value: Any) -> bytes:
    """Return the MessagePack form of a value, maps in sorted key order.

    Source: the MessagePack specification.
    """
    return _ENCODER.encode(value)


def encode_as_written(value: Any) -> bytes:
    """Return the MessagePack form of a value, maps in their own order; it is for what a template may go through."""
    return _AS_WRITTEN.encode(value)


def decode(data: bytes, as_type: type[T]) -> T:
    """Return the value that `encode` wrote, checked against its type.

    Raises:
        DamagedError: the bytes are no such value.
    """
    try:
        return msgspec.msgpack.decode(data, type=as_type, ext_hook=from_extension)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise DamagedError(
            f"expected an encoded {as_type.__name__}, found {len(data)} bytes that are none: {error}"
        ) from error


def digest(data: bytes) -> Digest:
    """Return the SHA-256 of the bytes as 64 lower-case hexadecimal digits."""
    return Digest(hashlib.sha256(data).hexdigest())


def digest_of(value: Any) -> Digest:
    """Return the digest of a value's canonical form."""
    return digest(encode(value))

"""A machine's traits as they travel and are stored: a map of sets, packed and bounded."""

from typing import Any

import zstandard

from vigo.core.encoding import decode, encode
from vigo.core.errors import DamagedError, TooLargeError

MAX_TRAITS_BYTES = 4 * 1024 * 1024

Traits = dict[str, dict[str, Any]]


def pack_traits(traits: Traits) -> bytes:
    """Return the traits as MessagePack under zstd.

    Raises:
        TooLargeError: they take over 4 MiB.
    """
    encoded = encode(traits)
    if len(encoded) > MAX_TRAITS_BYTES:
        raise TooLargeError(f"expected at most {MAX_TRAITS_BYTES} bytes of traits, found {len(encoded)}")
    return zstandard.ZstdCompressor(level=3).compress(encoded)


def unpacked_bytes(data: bytes) -> int:
    """Return how many bytes packed traits say that they take; 0 where `unpack_traits` refuses them at once."""
    try:
        size_bytes = zstandard.frame_content_size(data)
    except zstandard.ZstdError:
        return 0
    return size_bytes if size_bytes in range(MAX_TRAITS_BYTES + 1) else 0


def unpack_traits(data: bytes) -> Traits:
    """Return the traits behind packed bytes.

    Raises:
        DamagedError: the bytes are none.
        TooLargeError: they would take over 4 MiB.
    """
    try:
        if zstandard.frame_content_size(data) not in range(MAX_TRAITS_BYTES + 1):
            raise TooLargeError(
                f"expected at most {MAX_TRAITS_BYTES} bytes of traits, found a frame that says otherwise"
            )
        encoded = zstandard.ZstdDecompressor().decompress(data, max_output_size=MAX_TRAITS_BYTES)
    except zstandard.ZstdError as error:
        raise DamagedError(f"expected traits under zstd, found {len(data)} bytes that are none: {error}") from error
    return decode(encoded, dict[str, dict[str, Any]])

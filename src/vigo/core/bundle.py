"""The signed bundle: a plan with its generation and expiry, compressed and signed once for all envoys of an entry."""

import struct
from datetime import UTC, datetime

import msgspec
import zstandard

from vigo.core.encoding import decode, digest, encode_as_written
from vigo.core.errors import DamagedError, InvalidError, UnauthenticatedError
from vigo.core.ids import Digest, GenerationNumber
from vigo.core.plan import FORMAT, FORMAT_WITH_SECRETS, Plan
from vigo.core.signing import BUNDLE_CONTEXT, Signer, VerifyKey, framed

MAX_PLAN_BYTES = 64 * 1024 * 1024
"""What a plan may take once decompressed; a crafted bundle cannot make the agent allocate more."""


NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""The end of a bundle that has none."""


class SignedBundle(msgspec.Struct, frozen=True, kw_only=True):
    """What travels and what the agent keeps.

    `digest` is that of the uncompressed plan: it stays the same in every generation that left the plan as it was.
    """

    digest: Digest
    generation: GenerationNumber
    not_after: datetime
    compressed_plan: bytes
    signature: bytes


def seal(plan: Plan, generation: GenerationNumber, not_after: datetime, key: Signer) -> SignedBundle:
    """Return the plan compressed and signed."""
    # A template sees maps in the order in which they are written, on the machine as where the stacks are compiled.
    encoded = encode_as_written(plan)
    plan_digest = digest(encoded)
    compressed = zstandard.ZstdCompressor(level=9).compress(encoded)
    message = _message(plan_digest, generation, not_after, compressed)
    return SignedBundle(
        digest=plan_digest,
        generation=generation,
        not_after=not_after,
        compressed_plan=compressed,
        signature=key.sign(message),
    )


def is_signed(bundle: SignedBundle, keys: tuple[VerifyKey, ...]) -> bool:
    """Return whether one of the policy keys signed a bundle."""
    message = _message(bundle.digest, bundle.generation, bundle.not_after, bundle.compressed_plan)
    for key in keys:
        try:
            key.verify(message, bundle.signature)
        except UnauthenticatedError:
            continue
        return True
    return False


def open_bundle(bundle: SignedBundle, keys: tuple[VerifyKey, ...]) -> Plan:
    """Return the plan of a bundle whose signature and digest hold. Expiry and generation are the caller's to judge.

    Raises:
        UnauthenticatedError: none of the policy keys signed this.
        DamagedError: the content is not what was signed, or of a format that this version does not know.
    """
    if not is_signed(bundle, keys):
        raise UnauthenticatedError(
            "expected a bundle signed with a pinned policy key, found another signature; it is not applied"
        )
    encoded = _decompressed(bundle.compressed_plan)
    if digest(encoded) != bundle.digest:
        raise DamagedError("expected the bundle's plan to match its digest, found other content; it is not applied")
    plan = decode(encoded, Plan)
    if plan.format not in (FORMAT, FORMAT_WITH_SECRETS):
        raise InvalidError(
            f"expected a bundle of format {FORMAT} or {FORMAT_WITH_SECRETS}, found {plan.format}; update the agent"
        )
    return plan


def _decompressed(data: bytes) -> bytes:
    try:
        if zstandard.frame_content_size(data) not in range(MAX_PLAN_BYTES + 1):
            raise DamagedError(f"expected a plan of at most {MAX_PLAN_BYTES} bytes, found a larger one or none")
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=MAX_PLAN_BYTES)
    except zstandard.ZstdError as error:
        raise DamagedError(f"expected a zstd frame, found {len(data)} bytes that are none: {error}") from error


def _message(plan_digest: Digest, generation: int, not_after: datetime, compressed: bytes) -> bytes:
    expiry = int(not_after.astimezone(UTC).timestamp())
    return framed(BUNDLE_CONTEXT, plan_digest.encode(), struct.pack(">Qq", generation, expiry), compressed)

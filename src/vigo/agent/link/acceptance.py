"""Whether a bundle may be applied on this machine. Where not, the one held before stays."""

from collections.abc import Iterable
from datetime import datetime

from vigo.core.bundle import SignedBundle, open_bundle
from vigo.core.errors import BlockedError, ConflictError, UnauthenticatedError
from vigo.core.hostnames import matches
from vigo.core.plan import Plan
from vigo.core.signing import VerifyKey


def accepted(
    bundle: SignedBundle, *, keys: Iterable[VerifyKey], hostname: str, now: datetime, highest_generation: int
) -> Plan:
    """Return the plan of a bundle that is genuine, in force, not older than one seen before, and meant for this host.

    Raises:
        UnauthenticatedError: no pinned policy key signed it, or it is another host's.
        DamagedError: its content is not what was signed.
        ConflictError: its generation is below one that was seen before; a roll-back is a new generation.
        BlockedError: it has expired.
    """
    plan = open_bundle(bundle, tuple(keys))
    if bundle.generation < highest_generation:
        raise ConflictError(
            f"expected a bundle of generation {highest_generation} or later, found {bundle.generation}; a roll-back is"
            " published as a new generation, so this one is old or replayed and is not applied"
        )
    if not any(matches(pattern, hostname) for pattern in plan.match):
        raise UnauthenticatedError(
            f"expected a bundle for {hostname}, found one for {', '.join(plan.match)[:200]}; it is not applied"
        )
    if now >= bundle.not_after:
        raise BlockedError(
            f"expected a bundle in force, found one that expired at {bundle.not_after:%Y-%m-%d %H:%M} UTC while this"
            f" machine's clock says {now:%Y-%m-%d %H:%M}; it is not applied: check `timedatectl`, and that the server"
            " can be reached to give a fresh one"
        )
    return plan

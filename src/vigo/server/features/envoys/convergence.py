"""Three things that are asked of an envoy apart from each other: did its last run succeed, does it drift, is it there.

Each is defined here and nowhere else, so that a page, the API and the command line give the same answer.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

from vigo.core.ids import Digest
from vigo.server.features.runs.models import LatestRun

Convergence = Literal["converged", "degraded", "failed", "no-data"]
Drift = Literal["none", "changed", "diverged"]
Reachability = Literal["reachable", "stale", "never"]

STALE_AFTER_CADENCES: Final = 2.5


def convergence_of(latest: LatestRun | None, wanted: Digest | None) -> Convergence:
    """Return whether the last run left the envoy in the state that the live generation declares.

    A repair in between can only make it worse: it says nothing of the other resources.
    """
    if latest is None:
        return "no-data"
    if latest.counts["failed"] or latest.failed_since is not None:
        return "failed"
    if latest.counts["blocked"] or latest.bundle_digest != wanted:
        return "degraded"
    return "converged"


def drift_of(latest: LatestRun | None, diverged_after: int) -> Drift:
    """Return whether an envoy had to be brought back to a state that it was in before.

    The first run with another policy is no drift: that policy is what changed something. From `diverged_after` runs in
    a row with changes on, something works against what is declared.
    """
    in_a_row = 0 if latest is None else latest.changed_in_a_row
    if in_a_row >= diverged_after:
        return "diverged"
    return "changed" if in_a_row else "none"


def reachability_of(
    last_seen_at: datetime | None, cadence: timedelta, *, is_connected: bool, heard_from: datetime, now: datetime
) -> Reachability:
    """Return whether an envoy calls as often as it used to.

    `heard_from` is since when the server could have heard it: what it missed while it was off is nobody's fault.
    """
    if is_connected:
        return "reachable"
    if last_seen_at is None:
        return "never"
    silent = now - max(last_seen_at, heard_from)
    return "stale" if silent > STALE_AFTER_CADENCES * cadence else "reachable"


def next_cadence(former: timedelta | None, gap: timedelta, told: timedelta) -> timedelta:
    """Return how often an envoy calls, as seen, after one more gap between two calls.

    Never less than it was told to: calls that somebody pushed for come sooner. A gap over which it was away is bounded,
    so that a night off does not make it look reachable for days.
    """
    bounded = max(told, min(gap, 2 * STALE_AFTER_CADENCES * told))
    return bounded if former is None else former + (bounded - former) / 4

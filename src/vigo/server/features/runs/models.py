"""Runs: what agents did, as they reported it."""

from datetime import datetime

import msgspec

from vigo.core.ids import Digest, EnvoyId, GenerationNumber, RunId
from vigo.core.run import Cause, Outcome, ResourceResult, Run


class RunItem(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it is listed. A partial one is about some of the policy's resources alone."""

    id: RunId
    envoy: EnvoyId
    hostname: str
    generation: GenerationNumber
    started_at: datetime
    received_at: datetime
    duration_ms: float
    offline: bool
    dropped_runs: int
    cause: Cause | None
    partial: bool
    outcome: Outcome
    counts: dict[Outcome, int]


class RunDetail(RunItem, frozen=True, kw_only=True):
    """A run with the outcome of every resource."""

    results: tuple[ResourceResult, ...]


class RunList(msgspec.Struct, frozen=True, kw_only=True):
    """Runs, the latest to arrive first."""

    items: tuple[RunItem, ...]
    next_cursor: str | None = None


class LatestRun(msgspec.Struct, frozen=True, kw_only=True):
    """The run of an envoy over its whole policy that arrived last.

    `failed_since` is a partial run after it in which something failed. That others did well takes nothing back: what
    failed in the whole run is only known to be well after another one.
    """

    id: RunId
    started_at: datetime
    received_at: datetime
    generation: GenerationNumber
    bundle_digest: Digest
    counts: dict[Outcome, int]
    failed_since: RunId | None = None
    changed_in_a_row: int = 0


class Drifting(msgspec.Struct, frozen=True, kw_only=True):
    """How many runs in a row brought a machine back to what the same policy had made of it before."""

    bundle_digest: Digest = Digest("")
    changed_in_a_row: int = 0

    def after(self, run: Run, changed: int) -> "Drifting":
        """Return the same after one more run, which changed some resources.

        The first run with another policy begins anew: that policy is what changed something. So does one over the
        whole policy that changed nothing; a repair that changed nothing says nothing of the rest.
        """
        if run.bundle_digest != self.bundle_digest or (not run.partial and not changed):
            return Drifting(bundle_digest=run.bundle_digest)
        return Drifting(bundle_digest=run.bundle_digest, changed_in_a_row=self.changed_in_a_row + (1 if changed else 0))


class RunFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs to list. `envoy` is a UUID or a hostname; `before` the cursor of the page before."""

    envoy: str | None = None
    outcome: Outcome | None = None
    before: int | None = None
    limit: int = 100

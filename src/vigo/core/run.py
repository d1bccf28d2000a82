"""What one run of the agent did: an outcome for every resource, from the engine to whoever reads it."""

from collections import Counter
from datetime import datetime
from typing import Literal

import msgspec

from vigo.core.encoding import digest_of
from vigo.core.ids import Digest, GenerationNumber, ResourceId, RunId

Outcome = Literal["unchanged", "changed", "failed", "skipped", "blocked"]
Cause = Literal["interval", "event", "command"]
"""Why a run took place: its time had come, the machine told of a change, or somebody asked for it."""

OUTCOMES: tuple[Outcome, ...] = ("unchanged", "changed", "failed", "skipped", "blocked")


class ResourceResult(msgspec.Struct, frozen=True, kw_only=True):
    """How one resource ended.

    `changed` names the fields that were brought into their declared state (in a dry run: would be). `reason` says why
    it failed, was skipped or is blocked. `diff` is bounded text.
    """

    id: ResourceId
    type: str
    outcome: Outcome
    changed: tuple[str, ...] = ()
    ops: tuple[str, ...] = ()
    diff: str = ""
    reason: str = ""
    duration_ms: float = 0.0


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One pass over a bundle. `offline` says that it came from the journal, without a server.

    A partial one is about some of the resources alone; it says nothing of the others. `cause` is None where an older
    agent did not tell.
    """

    id: RunId
    generation: GenerationNumber
    bundle_digest: Digest
    started_at: datetime
    duration_ms: float
    offline: bool = False
    dropped_runs: int = 0
    cause: Cause | None = None
    partial: bool = False
    results: tuple[ResourceResult, ...] = ()

    def counts(self) -> dict[Outcome, int]:
        """Return how many resources ended with each outcome, zeros included."""
        found = Counter(result.outcome for result in self.results)
        return {outcome: found[outcome] for outcome in OUTCOMES}

    def outcome_digest(self) -> Digest:
        """Return a digest of the outcomes alone: two runs that ended alike have the same."""
        return digest_of([(result.id, result.outcome) for result in self.results])

    def worst(self) -> Outcome:
        """Return the outcome that describes the run as a whole: failed, blocked, changed or unchanged."""
        counts = self.counts()
        order: tuple[Outcome, ...] = ("failed", "blocked", "changed")
        return next((outcome for outcome in order if counts[outcome]), "unchanged")

"""What the journal keeps, as values."""

from datetime import datetime
from typing import Any, Self

import msgspec

from vigo.agent.engine.sightings import StoredSightings
from vigo.core.bundle import SignedBundle
from vigo.core.ids import Digest, EnvoyId, GenerationNumber, ResourceId, RunId
from vigo.core.run import Outcome, Run


class HeldBundle(msgspec.Struct, frozen=True):
    """The bundle that the agent applies, and when it was received."""

    bundle: SignedBundle
    received_at: datetime

    def is_expired(self, now: datetime) -> bool:
        """Return whether it must not be applied any more."""
        return now >= self.bundle.not_after

    def is_stale(self, now: datetime) -> bool:
        """Return whether more than half of its life is over, so that a fresh one should be asked for."""
        return now >= self.received_at + (self.bundle.not_after - self.received_at) / 2


class LastRun(msgspec.Struct, frozen=True, kw_only=True):
    """The last run in short, for `vigo status` and for the fingerprint."""

    id: RunId
    generation: GenerationNumber
    bundle_digest: Digest
    outcome_digest: Digest
    started_at: datetime
    duration_ms: float
    offline: bool
    counts: dict[Outcome, int]

    @classmethod
    def of(cls, run: Run) -> Self:
        """Return a run in short."""
        return cls(
            id=run.id,
            generation=run.generation,
            bundle_digest=run.bundle_digest,
            outcome_digest=run.outcome_digest(),
            started_at=run.started_at,
            duration_ms=run.duration_ms,
            offline=run.offline,
            counts=run.counts(),
        )


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """The last try to reach the server. `problem` is empty where it answered; `succeeded_at` is when it last did."""

    tried_at: datetime
    succeeded_at: datetime | None = None
    problem: str = ""
    refused: bool = False


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything small that the agent remembers between two runs, stored as one value."""

    envoy: EnvoyId | None = None
    highest_generation: GenerationNumber = GenerationNumber(0)
    traits_acknowledged: Digest = Digest("")
    without_policy: bool = False
    interval_seconds: int = 0
    last_run: LastRun | None = None
    contact: Contact | None = None
    owed: tuple[ResourceId, ...] = ()
    secrets_epoch: int = 0
    """Stands for the versions of the secrets of the held bundle, as the server last told it."""


class QueueState(msgspec.Struct, frozen=True, kw_only=True):
    """The results queue in figures. `dropped` were lost since the last run that told the server of any."""

    next_number: int = 0
    count: int = 0
    size_bytes: int = 0
    dropped: int = 0


class CollectCache(msgspec.Struct, frozen=True):
    """What the collectors returned last, whatever its shape; they know how to read it."""

    content: dict[str, Any]


class KeptSightings(msgspec.Struct, frozen=True, kw_only=True):
    """Which resources of a policy were found in their state, by which version of the agent."""

    version: str
    sightings: StoredSightings

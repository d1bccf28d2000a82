"""Runs: what agents did, as they reported it."""

from datetime import datetime

import msgspec

from vigo.core.ids import Digest, EnvoyId, GenerationNumber, RunId
from vigo.core.run import Cause, Outcome, ResourceResult


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


class RunFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs to list. `envoy` is a UUID or a hostname; `before` the cursor of the page before."""

    envoy: str | None = None
    outcome: Outcome | None = None
    before: int | None = None
    limit: int = 100

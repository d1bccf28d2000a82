"""Runs: what agents did, as they reported it."""

from datetime import datetime

import msgspec

from vigo.core.ids import Digest, EnvoyId, GenerationNumber, RunId
from vigo.core.run import Outcome, ResourceResult


class RunItem(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it is listed."""

    id: RunId
    envoy: EnvoyId
    hostname: str
    generation: GenerationNumber
    started_at: datetime
    received_at: datetime
    duration_ms: float
    offline: bool
    dropped_runs: int
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
    """The run of an envoy that arrived last."""

    id: RunId
    started_at: datetime
    received_at: datetime
    generation: GenerationNumber
    bundle_digest: Digest
    counts: dict[Outcome, int]


class RunFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs to list. `envoy` is a UUID or a hostname; `before` the cursor of the page before."""

    envoy: str | None = None
    outcome: Outcome | None = None
    before: int | None = None
    limit: int = 100

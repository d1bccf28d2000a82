"""Envoys: enrolled machines, in memory and as they are shown."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, get_args

import msgspec

from vigo.core.ids import Digest, EnvoyId, GenerationNumber, RunId
from vigo.core.labels import Labels
from vigo.core.run import Outcome, ResourceResult
from vigo.core.signing import VerifyKey
from vigo.server.features.envoys.convergence import Convergence, Drift, Reachability

Status = Literal["active", "revoked"]


class EnvoyRecord:
    """What the server keeps of an envoy in memory. Changed on the event loop only."""

    __slots__ = (
        "_key",
        "agent_version",
        "bundle_digest",
        "cadence",
        "certificate_ca",
        "certificate_not_after",
        "clock_skew_seconds",
        "copied_at",
        "enrolled_at",
        "generation",
        "hostname",
        "id",
        "labels",
        "last_seen_at",
        "outcome_digest",
        "revoked_at",
        "sequence",
        "signing_key",
        "status",
        "told_interval_seconds",
        "traits_digest",
        "trust_version",
    )

    def __init__(
        self,
        envoy_id: EnvoyId,
        hostname: str,
        signing_key: bytes,
        enrolled_at: datetime,
        certificate_not_after: datetime,
        labels: Labels | None = None,
        certificate_ca: Digest | None = None,
    ) -> None:
        self.id = envoy_id
        self.hostname = hostname
        self.signing_key = signing_key
        self.enrolled_at = enrolled_at
        self.certificate_not_after = certificate_not_after
        self.labels: Labels = labels or {}
        self.certificate_ca = certificate_ca
        self.trust_version = 0
        self.clock_skew_seconds: float | None = None
        self.copied_at: datetime | None = None
        self.status: Status = "active"
        self.revoked_at: datetime | None = None
        self.last_seen_at: datetime | None = None
        self.sequence = 0
        self.agent_version = ""
        self.bundle_digest = Digest("")
        self.outcome_digest = Digest("")
        self.traits_digest = Digest("")
        self.generation: GenerationNumber | None = None
        self.told_interval_seconds = 0
        self.cadence: timedelta | None = None
        self._key: VerifyKey | None = None

    @property
    def is_active(self) -> bool:
        """Whether it may call."""
        return self.status == "active"

    @property
    def key(self) -> VerifyKey:
        """Its signing key, made once."""
        if self._key is None:
            self._key = VerifyKey(self.signing_key)
        return self._key

    def certified(self, not_after: datetime, ca: Digest) -> None:
        """Take another certificate."""
        self.certificate_not_after, self.certificate_ca = not_after, ca

    def enrolled_anew(self, signing_key: bytes, labels: Labels) -> None:
        """Take another key in the place of the former one, which opens nothing from now on."""
        self.signing_key, self._key = signing_key, None
        self.labels = self.labels | labels
        self.copied_at = None


class Axes(NamedTuple):
    """How an envoy is, in three ways that have nothing to do with each other."""

    convergence: Convergence
    drift: Drift
    reachability: Reachability


class LastRun(msgspec.Struct, frozen=True, kw_only=True):
    """The run over the whole policy that arrived last, and a repair in between that failed since, if one did."""

    id: RunId
    started_at: datetime
    counts: dict[Outcome, int]
    failed_since: RunId | None = None
    changed_in_a_row: int = 0
    """How many runs up to it changed something, one after the other, without another policy being the reason."""


class EnvoyItem(msgspec.Struct, frozen=True, kw_only=True):
    """An envoy as it is listed."""

    id: EnvoyId
    hostname: str
    status: Status
    enrolled_at: datetime
    last_seen_at: datetime | None
    certificate_not_after: datetime
    agent_version: str
    entry: str | None
    environment: str | None
    roles: tuple[str, ...]
    generation: GenerationNumber | None
    live_generation: GenerationNumber | None
    connected_since: datetime | None
    """Since when the envoy holds its stream; None where it cannot be reached now."""
    convergence: Convergence
    drift: Drift
    reachability: Reachability
    last_run: LastRun | None
    labels: Labels
    copied_at: datetime | None
    """When its identity was last seen on two machines at once; None for never since it was enrolled."""
    clock_skew_seconds: float | None
    """By how much its clock was ahead of the server's at its last check-in; None where it has not called since."""


class EnvoyDetail(EnvoyItem, frozen=True, kw_only=True):
    """An envoy with its facts and the latest outcome of each resource."""

    traits: dict[str, dict[str, Any]]
    resources: tuple[ResourceResult, ...]


class EnvoyList(msgspec.Struct, frozen=True, kw_only=True):
    """Envoys by hostname."""

    items: tuple[EnvoyItem, ...]
    next_cursor: str | None = None


Order = Literal["worst", "hostname", "seen"]

KNOWN_STATES: Final[dict[str, tuple[str, ...]]] = {
    "convergence": get_args(Convergence),
    "drift": get_args(Drift),
    "reachability": get_args(Reachability),
    "status": get_args(Status),
    "connected": ("yes", "no"),
}
FLEET_FIELDS: Final = (*KNOWN_STATES, "host", "environment", "role", "entry", "label", "version", "generation")
"""What a filter of envoys may look at."""


class FleetSummary(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the active envoys are how. The three ways have nothing to do with each other."""

    envoys: int
    connected: int
    revoked: int
    convergence: dict[Convergence, int]
    drift: dict[Drift, int]
    reachability: dict[Reachability, int]
    live_generation: int | None
    on_live_generation: int


class FleetGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Active envoys that have something in common; `filter` finds them."""

    name: str
    filter: str
    envoys: int
    convergence: dict[Convergence, int]
    diverged: int
    stale: int


class FleetGroups(msgspec.Struct, frozen=True, kw_only=True):
    """All groups, the largest first."""

    by: str
    items: tuple[FleetGroup, ...]
    next_cursor: str | None = None


class FleetPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the envoys that fit a filter, and how many do."""

    items: tuple[EnvoyItem, ...]
    found: int
    next_offset: int | None

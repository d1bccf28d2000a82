"""How the fleet was, to be drawn."""

from datetime import datetime

import msgspec

from vigo.core.ids import ResourceId


class FleetSample(msgspec.Struct, frozen=True, kw_only=True):
    """How many active envoys were how at a moment. Latencies are of check-ins since the sample before, in ms."""

    at: datetime
    envoys: int
    connected: int
    converged: int
    degraded: int
    failed: int
    no_data: int
    changed: int
    diverged: int
    stale: int
    check_ins: int = 0
    check_in_p50_ms: float | None = None
    check_in_p99_ms: float | None = None


class DriftingResource(msgspec.Struct, frozen=True, kw_only=True):
    """How often a resource had to be brought back, on all machines together."""

    resource: ResourceId
    count: int


class FleetHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Samples, the oldest first, and the resources that drift most."""

    samples: tuple[FleetSample, ...]
    drifting: tuple[DriftingResource, ...]

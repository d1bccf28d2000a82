"""Remembering how the fleet was: every minute for a day, every hour for as long as runs are kept."""

from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, insert, select

from vigo.core.clock import Clock
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.history.models import DriftingResource, FleetHistory, FleetSample
from vigo.server.features.runs.service import RunService
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database
from vigo.server.platform.db.tables import fleet_samples
from vigo.server.platform.settings.model import CurrentSettings
from vigo.server.platform.telemetry.metrics import Metrics

SAMPLE_EVERY: Final = timedelta(minutes=1)
_FINE_FOR: Final = timedelta(days=1)
_THINNED: Final = timedelta(days=2)
"""How far back from there it is looked for samples too many: a server that was off has some."""
_MOST_DRIFTING: Final = 10


class HistoryService:
    """Takes samples, shows them, and thins out the older ones."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: CurrentSettings,
        envoys: EnvoyService,
        runs: RunService,
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._envoys = envoys
        self._runs = runs
        self._metrics = metrics

    async def sample(self) -> None:
        """Note how the fleet is now, and forget what is too old."""
        now = self._clock.now()
        sample = self._present(now)
        packed = msgspec.json.encode(sample).decode()
        fine, oldest = now - _FINE_FOR, now - self._settings.value.keep_runs_for

        def job(connection: Connection) -> None:
            connection.execute(delete(fleet_samples).where(fleet_samples.c.at == now))
            connection.execute(insert(fleet_samples).values(at=now, counts=packed))
            connection.execute(delete(fleet_samples).where(fleet_samples.c.at < oldest))
            _thin_out(connection, fine - _THINNED, fine)

        await self._database.write(job)

    async def show(self, actor: Actor, hours: int) -> FleetHistory:
        """Return how the fleet was within some hours, up to now."""
        actor.require(Permission.READ_ENVOYS)
        now = self._clock.now()
        since = now - timedelta(hours=hours)
        query = select(fleet_samples.c.counts).where(fleet_samples.c.at >= since).order_by(fleet_samples.c.at)
        rows = await self._database.read(lambda connection: connection.execute(query).scalars().all())
        drifting = await self._runs.most_drifted(since, _MOST_DRIFTING)
        return FleetHistory(
            samples=tuple(msgspec.json.decode(row, type=FleetSample) for row in rows),
            drifting=tuple(DriftingResource(resource=resource, count=count) for resource, count in drifting),
        )

    def _present(self, now: datetime) -> FleetSample:
        fleet, latencies = self._envoys.fleet.counted(), self._metrics.check_ins_since_last()
        return FleetSample(
            at=now,
            envoys=fleet.envoys,
            connected=fleet.connected,
            converged=fleet.convergence["converged"],
            degraded=fleet.convergence["degraded"],
            failed=fleet.convergence["failed"],
            no_data=fleet.convergence["no-data"],
            changed=fleet.drift["changed"],
            diverged=fleet.drift["diverged"],
            stale=fleet.reachability["stale"],
            check_ins=latencies.calls,
            check_in_p50_ms=latencies.p50_ms,
            check_in_p99_ms=latencies.p99_ms,
        )


def _thin_out(connection: Connection, since: datetime, until: datetime) -> None:
    """Keep the first sample of each hour between two moments."""
    moments = connection.execute(
        select(fleet_samples.c.at)
        .where(fleet_samples.c.at >= since, fleet_samples.c.at < until)
        .order_by(fleet_samples.c.at)
    ).scalars()
    kept: set[datetime] = set()
    surplus = []
    for at in moments:
        hour = at.replace(minute=0, second=0, microsecond=0)
        if hour in kept:
            surplus.append(at)
        kept.add(hour)
    connection.execute(delete(fleet_samples).where(fleet_samples.c.at.in_(surplus)))

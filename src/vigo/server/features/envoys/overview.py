"""Envoys as they are shown: what is kept of each, its last run, and what the live generation wants of it."""

from datetime import datetime, timedelta

from vigo.core.clock import Clock
from vigo.core.ids import GenerationNumber
from vigo.server.features.envoys.convergence import (
    convergence_of,
    drift_of,
    reachability_of,
)
from vigo.server.features.envoys.models import Axes, EnvoyItem, EnvoyRecord, LastRun
from vigo.server.features.generations.models import Assignment
from vigo.server.features.generations.service import GenerationService
from vigo.server.features.runs.models import LatestRun
from vigo.server.features.runs.service import RunService
from vigo.server.features.streams.service import StreamService
from vigo.server.platform.settings.model import CurrentSettings


class Overview:
    """Puts together what several services know of an envoy, from memory alone."""

    def __init__(
        self,
        clock: Clock,
        settings: CurrentSettings,
        runs: RunService,
        generations: GenerationService,
        streams: StreamService,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._runs = runs
        self._generations = generations
        self._streams = streams
        self._started_at = clock.now()

    def assigned(self, record: EnvoyRecord) -> Assignment | None:
        """Return what the live generation makes of an envoy, None for one that was revoked."""
        return self._generations.assignment(record.hostname) if record.is_active else None

    def axes(self, record: EnvoyRecord) -> Axes:
        """Return how an envoy is."""
        assigned = self._generations.assignment(record.hostname)
        return self.axes_of(record, assigned, self._runs.latest(record.id), self._clock.now())

    def axes_of(
        self, record: EnvoyRecord, assigned: Assignment | None, latest: LatestRun | None, now: datetime
    ) -> Axes:
        """Return the same for somebody who looked up the rest already."""
        return Axes(
            convergence_of(latest, None if assigned is None else assigned.bundle.digest),
            drift_of(latest, self._settings.value.diverged_after_runs),
            reachability_of(
                record.last_seen_at,
                self.cadence(record),
                is_connected=self.is_connected(record),
                heard_from=self._started_at,
                now=now,
            ),
        )

    def latest(self, record: EnvoyRecord) -> LatestRun | None:
        """Return an envoy's last run over its whole policy."""
        return self._runs.latest(record.id)

    @property
    def version(self) -> object:
        """What is another value once a run, a stream or a generation made a difference."""
        return self._runs.noted, self._streams.changes, self._generations.live_number

    def cadence(self, record: EnvoyRecord) -> timedelta:
        """Return how often an envoy calls, as seen; the interval of the settings until it was seen twice."""
        return self._settings.value.check_in_interval if record.cadence is None else record.cadence

    @property
    def live_number(self) -> GenerationNumber | None:
        """The number of the live generation, None before the first."""
        return self._generations.live_number

    def is_connected(self, record: EnvoyRecord) -> bool:
        """Return whether an envoy holds its stream."""
        return self._streams.connected_since(record.id) is not None

    def generation_of(
        self, record: EnvoyRecord, assigned: Assignment | None, latest: LatestRun | None
    ) -> GenerationNumber | None:
        """Return the newest generation whose policy an envoy is known to hold."""
        wanted = None if assigned is None else assigned.bundle.digest
        if wanted is not None and wanted in (record.bundle_digest, None if latest is None else latest.bundle_digest):
            return self._generations.live_number
        return latest.generation if record.generation is None and latest is not None else record.generation

    def item(self, record: EnvoyRecord) -> EnvoyItem:
        """Return an envoy as it is listed."""
        assigned = self.assigned(record)
        latest = self._runs.latest(record.id)
        axes = self.axes(record)  # of one that was revoked too, as it last was
        return EnvoyItem(
            id=record.id,
            hostname=record.hostname,
            status=record.status,
            enrolled_at=record.enrolled_at,
            last_seen_at=record.last_seen_at,
            certificate_not_after=record.certificate_not_after,
            agent_version=record.agent_version,
            entry=None if assigned is None else assigned.entry,
            environment=None if assigned is None else assigned.environment,
            roles=() if assigned is None else assigned.roles,
            generation=self.generation_of(record, assigned, latest),
            live_generation=self._generations.live_number,
            connected_since=self._streams.connected_since(record.id),
            labels=record.labels,
            copied_at=record.copied_at,
            clock_skew_seconds=record.clock_skew_seconds,
            convergence=axes.convergence,
            drift=axes.drift,
            reachability=axes.reachability,
            last_run=None
            if latest is None
            else LastRun(
                id=latest.id,
                started_at=latest.started_at,
                counts=latest.counts,
                failed_since=latest.failed_since,
                changed_in_a_row=latest.changed_in_a_row,
            ),
        )

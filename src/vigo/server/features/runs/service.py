"""Storing runs before they are acknowledged, and showing them."""

import math
from datetime import datetime
from functools import partial
from typing import Final

import msgspec
from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.errors import ForbiddenError, InvalidError, NotFoundError
from vigo.core.ids import EnvoyId, ResourceId, parse_run_id
from vigo.core.run import ResourceResult, Run
from vigo.server.features.runs import store
from vigo.server.features.runs.models import Drifting, LatestRun, RunDetail, RunFilter, RunList
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database
from vigo.server.platform.settings.model import CurrentSettings

# What a database's signed 64-bit column holds.
_MOST_NUMBER: Final = (1 << 63) - 1
_DIGEST_CHARACTERS: Final = 64
_PRUNED_AT_ONCE: Final = 500


class RunService:
    """The runs of all envoys."""

    def __init__(self, database: Database, clock: Clock, settings: CurrentSettings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._drifts: dict[EnvoyId, Drifting] = database.read_now(store.drifts)
        self._latest = {
            envoy: msgspec.structs.replace(run, changed_in_a_row=self._drifts[envoy].changed_in_a_row)
            for envoy, run in database.read_now(store.latest).items()
        }
        self.noted = 0
        """How many runs were told since the start: who saw the same number has seen everything."""

    def latest(self, envoy: EnvoyId) -> LatestRun | None:
        """Return the run of an envoy over its whole policy that arrived last."""
        return self._latest.get(envoy)

    async def keep(self, envoy: EnvoyId, hostname: str, run: Run) -> bool:
        """Store a run durably; return whether it was stored before, in which case nothing changes.

        Raises:
            InvalidError: it holds what no agent sends.
            ForbiddenError: another envoy reported a run with this id.
        """
        _check(run)
        packed = store.pack_results(run.results)
        drift = self._drifts.get(envoy, Drifting()).after(run, run.counts()["changed"])
        drifted = self._drifted(envoy, run)
        now = self._clock.now()

        def job(connection: Connection) -> bool:
            holder = store.owner(connection, run.id)
            if holder is None:
                store.add(connection, envoy, hostname, run, packed, now, drift.changed_in_a_row)
                store.add_drifts(connection, now, drifted)
            elif holder != envoy:
                raise ForbiddenError(f"the run {run.id} is another envoy's; a run's id is never used twice")
            return holder is not None

        def then(was_stored: bool) -> None:  # noqa: FBT001 - the writer hands it over
            if not was_stored:
                self._note(envoy, run, now, drift)

        return await self._database.write(job, then)

    def _drifted(self, envoy: EnvoyId, run: Run) -> tuple[ResourceId, ...]:
        """Return the resources that a run brought back to what the same policy had made of them before."""
        former = self._drifts.get(envoy)
        if former is None or former.bundle_digest != run.bundle_digest:
            return ()
        return tuple(result.id for result in run.results if result.outcome == "changed")

    async def most_drifted(self, since: datetime, limit: int) -> tuple[tuple[ResourceId, int], ...]:
        """Return the resources that had to be brought back most often, with how often."""
        return await self._database.read(lambda connection: store.most_drifted(connection, since, limit))

    def _note(self, envoy: EnvoyId, run: Run, now: datetime, drift: Drifting) -> None:
        latest, counts = self._latest.get(envoy), run.counts()
        self.noted += 1
        self._drifts[envoy] = drift
        if not run.partial:
            self._latest[envoy] = LatestRun(
                id=run.id,
                started_at=run.started_at,
                received_at=now,
                generation=run.generation,
                bundle_digest=run.bundle_digest,
                counts=counts,
                changed_in_a_row=drift.changed_in_a_row,
            )
        elif latest is not None:
            self._latest[envoy] = msgspec.structs.replace(
                latest,
                failed_since=run.id if counts["failed"] else latest.failed_since,
                changed_in_a_row=drift.changed_in_a_row,
            )

    async def list(self, actor: Actor, wanted: RunFilter) -> RunList:
        """Return a page of runs, the latest to arrive first."""
        actor.require(Permission.READ_RUNS)
        items, following = await self._database.read(lambda connection: store.page(connection, wanted))
        return RunList(items=items, next_cursor=None if following is None else str(following))

    async def show(self, actor: Actor, run_id: str) -> RunDetail:
        """Return a run with the outcome of every resource.

        Raises:
            InvalidError: that is no run's id.
            NotFoundError: there is no such run, or it is no longer kept.
        """
        actor.require(Permission.READ_RUNS)
        wanted = parse_run_id(run_id)
        found = await self._database.read(lambda connection: store.find(connection, wanted))
        if found is None:
            raise NotFoundError(
                f"expected the id of a run that is kept, found {run_id}; `vigocli runs list` prints them, and"
                " keep_runs_count and keep_runs_for in server.yaml say how long they are kept"
            )
        item, results = found
        return RunDetail(**msgspec.structs.asdict(item), results=results)

    async def latest_results(self, envoy: EnvoyId) -> tuple[ResourceResult, ...]:
        """Return how each resource of an envoy ended in its last run over the whole policy."""
        run = self._latest.get(envoy)
        if run is None:
            return ()
        found = await self._database.read(lambda connection: store.find(connection, run.id))
        return () if found is None else found[1]

    async def prune(self) -> None:
        """Delete what the settings no longer keep, in steps that others' writes fit between."""
        settings = self._settings.value
        before = self._clock.now() - settings.keep_runs_for
        await self._database.write(lambda connection: store.remove_drifts(connection, before))
        # Ranking every run takes seconds in a big fleet, so it is done once and not by the one thread that writes.
        numbers = await self._database.read(
            lambda connection: store.surplus(connection, settings.keep_runs_count, before)
        )
        for start in range(0, len(numbers), _PRUNED_AT_ONCE):
            await self._database.write(partial(store.remove, numbers=numbers[start : start + _PRUNED_AT_ONCE]))


def _check(run: Run) -> None:
    durations = (run.duration_ms, *(result.duration_ms for result in run.results))
    if not all(math.isfinite(duration) and duration >= 0 for duration in durations):
        raise InvalidError("expected durations of 0 ms or more in a run, found another number")
    if max(run.generation, run.dropped_runs) > _MOST_NUMBER:
        raise InvalidError("expected numbers below 2^63 in a run, found a larger one")
    if len(run.bundle_digest) > _DIGEST_CHARACTERS:
        raise InvalidError(f"expected a digest of {_DIGEST_CHARACTERS} characters in a run, found a longer one")
    if len({result.id for result in run.results}) != len(run.results):
        raise InvalidError("expected one result a resource, found a resource twice")

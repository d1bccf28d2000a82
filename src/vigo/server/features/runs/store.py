"""Runs in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import zstandard
from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update

from vigo.core.encoding import decode, encode
from vigo.core.errors import DamagedError
from vigo.core.ids import Digest, EnvoyId, GenerationNumber, ResourceId, RunId
from vigo.core.run import OUTCOMES, Outcome, ResourceResult, Run
from vigo.server.features.runs.models import Drifting, LatestRun, RunFilter, RunItem
from vigo.server.platform.db.tables import resource_drifts, results, runs

_MOST_RESULTS_BYTES: Final = 256 * 1024 * 1024


def owner(connection: Connection, run: RunId) -> EnvoyId | None:
    """Return whose run this is, or None for one that is not stored."""
    found = connection.execute(select(runs.c.envoy_id).where(runs.c.id == run)).scalar()
    return None if found is None else EnvoyId(found)


def add(
    connection: Connection, envoy: EnvoyId, hostname: str, run: Run, packed: bytes, at: datetime, in_a_row: int
) -> None:
    """Store a run and its results, and how many up to it changed something, one after the other."""
    number = connection.execute(
        insert(runs)
        .values(
            id=run.id,
            envoy_id=envoy,
            hostname=hostname,
            generation=run.generation,
            bundle_digest=run.bundle_digest,
            started_at=run.started_at,
            received_at=at,
            duration_ms=run.duration_ms,
            offline=run.offline,
            dropped_runs=run.dropped_runs,
            cause=run.cause,
            partial=run.partial,
            outcome=run.worst(),
            changed_in_a_row=in_a_row,
            **run.counts(),
        )
        .returning(runs.c.number)
    ).scalar_one()
    connection.execute(insert(results).values(run_number=number, packed=packed))


def pack_results(found: tuple[ResourceResult, ...]) -> bytes:
    """Return results as they are stored."""
    return zstandard.ZstdCompressor(level=3).compress(encode(found))


def find(connection: Connection, run: RunId) -> tuple[RunItem, tuple[ResourceResult, ...]] | None:
    """Return a run with its results, or None for one that is not stored."""
    row = connection.execute(
        select(runs, results.c.packed).join(results, results.c.run_number == runs.c.number).where(runs.c.id == run)
    ).first()
    return None if row is None else (_item(row), _unpacked(row.packed))


def page(connection: Connection, wanted: RunFilter) -> tuple[tuple[RunItem, ...], int | None]:
    """Return a page of runs, the latest first, and where the next one begins."""
    query = select(runs).order_by(runs.c.number.desc()).limit(wanted.limit + 1)
    if wanted.envoy is not None:
        query = query.where(or_(runs.c.envoy_id == wanted.envoy, runs.c.hostname == wanted.envoy))
    if wanted.outcome is not None:
        query = query.where(runs.c.outcome == wanted.outcome)
    if wanted.before is not None:
        query = query.where(runs.c.number < wanted.before)
    rows = connection.execute(query).all()
    shown = rows[: wanted.limit]
    return tuple(_item(row) for row in shown), shown[-1].number if len(rows) > wanted.limit else None


def latest(connection: Connection) -> dict[EnvoyId, LatestRun]:
    """Return the run of each envoy over its whole policy that arrived last, and where a partial one failed since."""
    newest = select(func.max(runs.c.number)).where(~runs.c.partial).group_by(runs.c.envoy_id)
    whole = connection.execute(select(runs).where(runs.c.number.in_(newest))).all()
    last_failures = select(func.max(runs.c.number)).where(runs.c.partial, runs.c.failed > 0).group_by(runs.c.envoy_id)
    failures = {
        row.envoy_id: row
        for row in connection.execute(
            select(runs.c.envoy_id, runs.c.number, runs.c.id).where(runs.c.number.in_(last_failures))
        )
    }
    return {
        EnvoyId(row.envoy_id): LatestRun(
            id=RunId(row.id),
            started_at=row.started_at,
            received_at=row.received_at,
            generation=GenerationNumber(row.generation),
            bundle_digest=Digest(row.bundle_digest),
            counts=_counts(row),
            failed_since=None
            if (failure := failures.get(row.envoy_id)) is None or failure.number < row.number
            else RunId(failure.id),
        )
        for row in whole
    }


def drifts(connection: Connection) -> dict[EnvoyId, Drifting]:
    """Return for each envoy how many runs in a row changed something, as its last run was stored with."""
    newest = select(func.max(runs.c.number)).group_by(runs.c.envoy_id)
    query = select(runs.c.envoy_id, runs.c.bundle_digest, runs.c.changed_in_a_row).where(runs.c.number.in_(newest))
    return {
        EnvoyId(row.envoy_id): Drifting(bundle_digest=Digest(row.bundle_digest), changed_in_a_row=row.changed_in_a_row)
        for row in connection.execute(query)
    }


def add_drifts(connection: Connection, at: datetime, drifted: Sequence[ResourceId]) -> None:
    """Count resources that had to be brought back."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    for resource in drifted:
        is_it = and_(resource_drifts.c.hour == hour, resource_drifts.c.resource == resource)
        counted = update(resource_drifts).where(is_it).values(count=resource_drifts.c.count + 1)
        if not connection.execute(counted).rowcount:
            connection.execute(insert(resource_drifts).values(hour=hour, resource=resource, count=1))


def most_drifted(connection: Connection, since: datetime, limit: int) -> tuple[tuple[ResourceId, int], ...]:
    """Return the resources that had to be brought back most often."""
    total = func.sum(resource_drifts.c.count)
    query = (
        select(resource_drifts.c.resource, total)
        .where(resource_drifts.c.hour >= since)
        .group_by(resource_drifts.c.resource)
        .order_by(total.desc(), resource_drifts.c.resource)
        .limit(limit)
    )
    return tuple((ResourceId(resource), int(count)) for resource, count in connection.execute(query))


def remove_drifts(connection: Connection, before: datetime) -> None:
    """Forget what was counted before a moment."""
    connection.execute(delete(resource_drifts).where(resource_drifts.c.hour < before))


def surplus(connection: Connection, keep: int, received_before: datetime) -> list[int]:
    """Return the numbers of the runs that are too many or too old. Each envoy's last is never among them.

    Partial runs are counted by themselves: however many there are, the runs over a whole policy stay.
    """
    ranked = select(
        runs.c.number,
        runs.c.received_at,
        func.row_number()
        .over(partition_by=(runs.c.envoy_id, runs.c.partial), order_by=runs.c.number.desc())
        .label("rank"),
    ).subquery()
    query = select(ranked.c.number).where(
        ranked.c.rank > 1, or_(ranked.c.rank > keep, ranked.c.received_at < received_before)
    )
    return list(connection.execute(query).scalars())


def remove(connection: Connection, numbers: Sequence[int]) -> None:
    """Delete runs and their results."""
    connection.execute(delete(results).where(results.c.run_number.in_(numbers)))
    connection.execute(delete(runs).where(runs.c.number.in_(numbers)))


def _item(row: Row[Any]) -> RunItem:
    return RunItem(
        id=RunId(row.id),
        envoy=EnvoyId(row.envoy_id),
        hostname=row.hostname,
        generation=GenerationNumber(row.generation),
        started_at=row.started_at,
        received_at=row.received_at,
        duration_ms=row.duration_ms,
        offline=row.offline,
        dropped_runs=row.dropped_runs,
        cause=row.cause,
        partial=row.partial,
        outcome=row.outcome,
        counts=_counts(row),
    )


def _counts(row: Row[Any]) -> dict[Outcome, int]:
    return {outcome: getattr(row, outcome) for outcome in OUTCOMES}


def _unpacked(packed: bytes) -> tuple[ResourceResult, ...]:
    try:
        encoded = zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MOST_RESULTS_BYTES)
    except zstandard.ZstdError as error:
        raise DamagedError(f"the results of this run are damaged in the database: {error}") from error
    return decode(encoded, tuple[ResourceResult, ...])

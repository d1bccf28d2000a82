"""Runs of workflows in the database."""

import logging
from datetime import datetime
from typing import Any, Final

import zstandard
from sqlalchemy import Connection, Row, delete, insert, select, update

from vigo.core.encoding import decode, encode
from vigo.core.errors import DamagedError
from vigo.core.ids import WorkflowRunId
from vigo.server.features.workflows.live import Body, LiveRun, detail_of
from vigo.server.features.workflows.models import WorkflowRunDetail, WorkflowRunItem
from vigo.server.platform.db.pages import newest
from vigo.server.platform.db.tables import workflow_runs

_MOST_BYTES: Final = 64 * 1024 * 1024

_log = logging.getLogger(__name__)


def add(connection: Connection, run: WorkflowRunId, body: Body, at: datetime, by: str) -> int:
    """Store a new run, and return its number."""
    values = {"id": run, "name": body.workflow.name, "packed": _packed(body), "state": "running", "at_step": ""}
    query = insert(workflow_runs).values(**values, created_at=at, created_by=by, reason="")
    return int(connection.execute(query.returning(workflow_runs.c.number)).scalar_one())


def save(connection: Connection, run: LiveRun, packed: bytes, shown: WorkflowRunItem) -> None:
    """Store how far a run is."""
    values = {"packed": packed, "state": shown.state, "at_step": shown.at, "ended_at": shown.ended_at}
    connection.execute(
        update(workflow_runs).where(workflow_runs.c.number == run.number).values(**values, reason=shown.reason)
    )


def packed(run: LiveRun) -> bytes:
    """Return what `save` takes; it is made where the run is changed, and written in another thread."""
    return _packed(run.body)


def copied(body: Body) -> Body:
    """Return a body that stays as it is, whatever becomes of the other one."""
    return decode(encode(body), Body)


def going_on(connection: Connection) -> list[LiveRun]:
    """Return the runs that have not ended. One that is damaged is logged and left as it is."""
    found = []
    query = select(workflow_runs).where(workflow_runs.c.ended_at.is_(None)).order_by(workflow_runs.c.number)
    for row in connection.execute(query):
        try:
            body = _unpacked(row.packed)
        except DamagedError as error:
            _log.error("the workflow's run %s is damaged in the database and does not go on: %s", row.id, error)
            continue
        found.append(LiveRun(row.number, WorkflowRunId(row.id), body, row.created_at, row.created_by))
    return found


def page(connection: Connection, before: int | None, limit: int) -> tuple[tuple[WorkflowRunItem, ...], int | None]:
    """Return a page of runs, the newest first, and where the next one begins."""
    rows, following = newest(connection, workflow_runs, before, limit)
    return tuple(_item(row) for row in rows), following


def find(connection: Connection, run: WorkflowRunId) -> WorkflowRunDetail | None:
    """Return a run with its steps, or None for one that is not stored.

    Raises:
        DamagedError: what is stored cannot be read.
    """
    row = connection.execute(select(workflow_runs).where(workflow_runs.c.id == run)).first()
    return None if row is None else detail_of(_item(row), _unpacked(row.packed))


def prune(connection: Connection, ended_before: datetime) -> None:
    """Delete the runs that ended before a moment."""
    connection.execute(delete(workflow_runs).where(workflow_runs.c.ended_at < ended_before))


def _item(row: Row[Any]) -> WorkflowRunItem:
    return WorkflowRunItem(
        id=WorkflowRunId(row.id),
        name=row.name,
        state=row.state,
        created_at=row.created_at,
        created_by=row.created_by,
        ended_at=row.ended_at,
        reason=row.reason,
        at=row.at_step,
    )


def _packed(body: Body) -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(encode(body))


def _unpacked(data: bytes) -> Body:
    try:
        content = zstandard.ZstdDecompressor().decompress(data, max_output_size=_MOST_BYTES)
    except zstandard.ZstdError as error:
        raise DamagedError(f"expected a workflow's run, found bytes that are none: {error}") from error
    return decode(content, Body)

"""Tasks in the database."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import zstandard
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from vigo.core.encoding import decode, encode
from vigo.core.errors import DamagedError
from vigo.core.ids import EnvoyId, TaskId
from vigo.core.task import HEAD_BYTES, TAIL_BYTES
from vigo.server.features.tasks.live import LiveTarget, LiveTask
from vigo.server.features.tasks.models import NewTask, TargetState, TaskDetail, TaskItem, TaskTarget
from vigo.server.platform.db.pages import newest
from vigo.server.platform.db.tables import task_targets, tasks

_log = logging.getLogger(__name__)

_MOST_OUTPUT_BYTES: Final = 2 * (HEAD_BYTES + TAIL_BYTES)
_MOST_SHOWN_BYTES: Final = 32 * 1024 * 1024
"""Of the output of all envoys of a task together; each has an equal share, but for the least."""
_LEAST_SHOWN_BYTES: Final = 2 * 1024

_ENDING: Final = ("state", "started_at", "ended_at", "exit_code", "duration_ms", "reason", "output", "output_bytes")
_OF_ONE: Final = update(task_targets).where(
    task_targets.c.task_number == bindparam("of_task"), task_targets.c.position == bindparam("at_position")
)
_MARK: Final = _OF_ONE.where(task_targets.c.state == "waiting").values(state="sent")
_FINISH: Final = _OF_ONE.values({name: bindparam(name) for name in _ENDING})


class Ended(NamedTuple):
    """How a task ended on an envoy, and the output that is kept."""

    number: int
    position: int
    shown: TaskTarget
    output: bytes


def add(
    connection: Connection,
    task: TaskId,
    wanted: NewTask,
    at: datetime,
    by: str,
    targets: Sequence[LiveTarget],
) -> int:
    """Store a new task, and return its number."""
    number = connection.execute(
        insert(tasks)
        .values(
            id=task,
            packed=encode(wanted),
            kind=wanted.kind,
            command=wanted.command,
            target=wanted.target.text(),
            created_at=at,
            created_by=by,
        )
        .returning(tasks.c.number)
    ).scalar_one()
    connection.execute(
        insert(task_targets),
        [
            {
                "task_number": number,
                "position": target.position,
                "envoy_id": target.envoy,
                "hostname": target.hostname,
                "state": target.state,
                "reason": "",
                "output_bytes": 0,
            }
            for target in targets
        ],
    )
    return int(number)


def mark_sent(connection: Connection, sent: Sequence[tuple[int, int]]) -> None:
    """Remember that envoys were told to start, each by the task's number and its position there."""
    connection.execute(_MARK, [{"of_task": number, "at_position": position} for number, position in sent])


def finish(connection: Connection, finals: Sequence[Ended]) -> None:
    """Store how tasks ended on envoys."""
    compressor = zstandard.ZstdCompressor(level=3)
    connection.execute(
        _FINISH,
        [
            {
                "of_task": one.number,
                "at_position": one.position,
                "state": one.shown.state,
                "started_at": one.shown.started_at,
                "ended_at": one.shown.ended_at,
                "exit_code": one.shown.exit_code,
                "duration_ms": one.shown.duration_ms,
                "reason": one.shown.reason,
                "output": compressor.compress(one.output) if one.output else None,
                "output_bytes": one.shown.output_bytes,
            }
            for one in finals
        ],
    )


def cancel(connection: Connection, number: int, by: str) -> None:
    """Store that a task is to end wherever it runs."""
    connection.execute(update(tasks).where(tasks.c.number == number).values(cancelled_by=by))


def end(connection: Connection, number: int, at: datetime) -> None:
    """Store that a task has ended everywhere."""
    connection.execute(update(tasks).where(tasks.c.number == number).values(ended_at=at))


def going_on(connection: Connection) -> list[LiveTask]:
    """Return the tasks that have not ended. One that is damaged is logged and left as it is."""
    found = []
    for row in connection.execute(select(tasks).where(tasks.c.ended_at.is_(None)).order_by(tasks.c.number)):
        targets = [
            LiveTarget(one.position, EnvoyId(one.envoy_id), one.hostname, one.state)
            for one in connection.execute(_targets(row.number))
        ]
        try:
            wanted = decode(row.packed, NewTask)
        except DamagedError as error:
            _log.error("the task %s is damaged in the database and does not go on: %s", row.id, error)
            continue
        task = TaskId(row.id)
        found.append(LiveTask(row.number, task, wanted, row.created_at, row.created_by, targets, row.cancelled_by))
    return found


def page(connection: Connection, before: int | None, limit: int) -> tuple[tuple[TaskItem, ...], int | None]:
    """Return a page of tasks, the newest first, and where the next one begins."""
    shown, following = newest(connection, tasks, before, limit)
    counts: dict[int, dict[TargetState, int]] = defaultdict(dict)
    numbers = [row.number for row in shown]
    grouped = (
        select(task_targets.c.task_number, task_targets.c.state, func.count().label("many"))
        .where(task_targets.c.task_number.in_(numbers))
        .group_by(task_targets.c.task_number, task_targets.c.state)
    )
    for row in connection.execute(grouped):
        counts[row.task_number][row.state] = row.many
    items = tuple(_item(row, counts[row.number]) for row in shown)
    return items, following


def find(connection: Connection, task: TaskId) -> tuple[NewTask, TaskDetail] | None:
    """Return what was asked and a task with all its targets, or None for one that is not stored."""
    row = connection.execute(select(tasks).where(tasks.c.id == task)).first()
    if row is None:
        return None
    rows = connection.execute(_targets(row.number)).all()
    targets = tuple(_target(one, share_bytes(len(rows))) for one in rows)
    counts: dict[TargetState, int] = {}
    for target in targets:
        counts[target.state] = counts.get(target.state, 0) + 1
    wanted = decode(row.packed, NewTask)
    return wanted, TaskDetail(
        **msgspec.structs.asdict(_item(row, counts)),
        user=wanted.user,
        nice=wanted.nice,
        timeout_seconds=wanted.timeout_seconds,
        health_check=wanted.health_check,
        targets=targets,
    )


def share_bytes(targets: int) -> int:
    """Return how much of each envoy's output is shown where a task is shown as a whole."""
    return max(_LEAST_SHOWN_BYTES, _MOST_SHOWN_BYTES // max(1, targets))


def prune(connection: Connection, ended_before: datetime) -> None:
    """Delete the tasks that ended before a moment."""
    old = select(tasks.c.number).where(tasks.c.ended_at < ended_before)
    connection.execute(delete(task_targets).where(task_targets.c.task_number.in_(old)))
    connection.execute(delete(tasks).where(tasks.c.ended_at < ended_before))


def _item(row: Row[Any], counts: dict[TargetState, int]) -> TaskItem:
    return TaskItem(
        id=TaskId(row.id),
        kind=row.kind,
        command=row.command,
        target=row.target,
        created_at=row.created_at,
        created_by=row.created_by,
        ended_at=row.ended_at,
        counts=counts,
    )


def _targets(number: int) -> Any:
    return select(task_targets).where(task_targets.c.task_number == number).order_by(task_targets.c.position)


def _target(row: Row[Any], most_bytes: int) -> TaskTarget:
    packed = b"" if row.output is None else row.output
    output = zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MOST_OUTPUT_BYTES) if packed else b""
    return TaskTarget(
        id=EnvoyId(row.envoy_id),
        hostname=row.hostname,
        state=row.state,
        exit_code=row.exit_code,
        started_at=row.started_at,
        ended_at=row.ended_at,
        duration_ms=row.duration_ms,
        reason=row.reason,
        output=output[-most_bytes:].decode(errors="replace"),
        output_bytes=row.output_bytes,
    )

"""Health checks between the batches of a task: each is a task of its own, on the envoys of the batch that ended."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from vigo.core.ids import TaskId
from vigo.server.features.tasks import store
from vigo.server.features.tasks.live import LiveTarget, LiveTask
from vigo.server.features.tasks.models import NewTask
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.db.database import Database

_MOST_NAMED: Final = 3


async def begin_check(task: LiveTask, check: TaskId, now: datetime, database: Database, trail: Trail) -> LiveTask:
    """Store the check of the batch of a task that ended, and return it; the caller has it run.

    Raises:
        UnavailableError: it cannot be stored, or not into the audit trail.
    """
    batch = [LiveTarget(position, one.envoy, one.hostname) for position, one in enumerate(task.to_check())]
    wanted = NewTask(
        target=task.wanted.target,
        kind="check",
        command=task.wanted.health_check,
        user=task.wanted.user,
        environment=task.wanted.environment,
        timeout_seconds=task.wanted.health_within_seconds,
        checks=task.id,
    )
    detail = {"check": wanted.command, "checks": task.id, "batch": task.batch, "envoys": len(batch)}
    act = Act(actor=task.created_by, action="tasks.check", subject=check, detail=detail)

    def job(connection: Connection) -> int:
        trail.append(connection, act)
        return store.add(connection, check, wanted, now, task.created_by, batch)

    number = await database.write(job)
    return LiveTask(number, check, wanted, now, task.created_by, batch)


def unhealthy(task: LiveTask, check: LiveTask) -> str:
    """Return why a task ends after a check, nothing where all are healthy."""
    ill = [one.hostname for one in check.targets if one.state != "succeeded"]
    if not ill:
        return ""
    more = f" and {len(ill) - _MOST_NAMED} more" if len(ill) > _MOST_NAMED else ""
    return (
        f"the health check after batch {task.batch} did not do well on {', '.join(ill[:_MOST_NAMED])}{more};"
        f" `vigocli task show {check.id}` says why"
    )

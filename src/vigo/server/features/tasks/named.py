"""The tasks that the stacks declare: what they run, and who may run them where."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from vigo.core.errors import ForbiddenError, NotFoundError
from vigo.core.named_task import NamedTask
from vigo.core.nearest import did_you_mean
from vigo.core.saved_query import SavedQuery
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.generations.service import GenerationService
from vigo.server.features.tasks.models import DeclaredTask, NewTask
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database

_MOST_NAMED: Final = 5


class NamedTasks:
    """Those of the live generation."""

    def __init__(self, database: Database, trail: Trail, generations: GenerationService) -> None:
        self._database = database
        self._trail = trail
        self._generations = generations

    def queries(self) -> Iterator[SavedQuery]:
        """Yield the queries of the stacks by name."""
        for _, query in sorted(self._generations.saved_queries().items()):
            yield query

    def all(self, actor: Actor) -> Iterator[DeclaredTask]:
        """Yield them by name, and whether an actor may run each."""
        has_right = Permission.RUN_NAMED_TASKS in actor.permissions
        for name, task in sorted(self._generations.named_tasks().items()):
            yield DeclaredTask(
                name=name,
                description=task.description,
                command=task.command,
                parameters=task.parameters,
                timeout_seconds=task.timeout.total_seconds(),
                user=task.user,
                health_check=task.health_check,
                operators=task.operators,
                match=task.match,
                allowed=has_right and task.is_for(actor.name),
            )

    def find(self, name: str) -> NamedTask:
        """Return a task that the stacks declare.

        Raises:
            NotFoundError: they declare none of this name.
        """
        declared = self._generations.named_tasks()
        if name not in declared:
            near = did_you_mean(name, declared)
            raise NotFoundError(
                f"expected a task of tasks.vgo, found {name[:60]!r}{near}; `vigocli task named` lists them"
            )
        return declared[name]

    async def resolved(self, actor: Actor, wanted: NewTask, meant: Sequence[EnvoyRecord]) -> NewTask:
        """Return a task with what the stacks say that it runs.

        Raises:
            ForbiddenError: the stacks do not let the actor run it, or not on one of the envoys.
            InvalidError: a parameter is missing, unknown, or of another type.
            NotFoundError: the stacks declare no such task.
        """
        task = self.find(wanted.named)
        refusal = self.refusal(task, actor, meant)
        if refusal:
            act = Act(actor=actor.name, action="tasks.refused", subject=task.name, detail={"reason": refusal})
            await self._database.write(lambda connection: self._trail.append(connection, act))
            raise ForbiddenError(refusal)
        return msgspec.structs.replace(
            wanted,
            command=task.command,
            environment=task.environment(wanted.parameters),
            user=task.user,
            timeout_seconds=task.timeout.total_seconds(),
            # Between batches alone; without them there is nothing to stop.
            health_check="" if wanted.batch is None else task.health_check,
            health_within_seconds=task.health_within.total_seconds(),
        )

    def refusal(self, task: NamedTask, actor: Actor, meant: Sequence[EnvoyRecord]) -> str:
        """Return why the stacks do not let an actor run a task on these, or an empty text."""
        if not task.is_for(actor.name):
            return f"tasks.vgo does not name {actor.name} among the `operators` of {task.name}"
        outside = [one.hostname for one in meant if not task.may_run_on(one.hostname)]
        if outside:
            more = f" and {len(outside) - _MOST_NAMED} more" if len(outside) > _MOST_NAMED else ""
            named = ", ".join(outside[:_MOST_NAMED])
            return f"tasks.vgo does not let {task.name} run on {named}{more}; it was run on nobody"
        return ""

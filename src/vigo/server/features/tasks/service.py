"""Running commands on envoys, and showing how that went."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.errors import ConflictError, InvalidError, NotFoundError
from vigo.core.ids import TaskId, new_task_id, parse_task_id
from vigo.core.templates import TemplateError, Templates
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.streams.service import StreamService
from vigo.server.features.tasks import store
from vigo.server.features.tasks.checks import check
from vigo.server.features.tasks.driver import TaskDriver
from vigo.server.features.tasks.live import FINAL, LiveTarget, LiveTask
from vigo.server.features.tasks.models import (
    CreatedTask,
    DeclaredTasks,
    MeantEnvoy,
    NewNamedTask,
    NewQuery,
    NewTask,
    SavedQueries,
    TargetState,
    TaskDetail,
    TaskEvent,
    TaskItem,
    TaskList,
    TaskTarget,
)
from vigo.server.features.tasks.named import NamedTasks
from vigo.server.features.tasks.watching import going_on, past
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database
from vigo.server.platform.settings.model import CurrentSettings

_MOST_EXPRESSION: Final = 4_000
_MOST_SHOWN: Final = 80


class TaskService:
    """Tasks as people see them."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        settings: CurrentSettings,
        envoys: EnvoyService,
        streams: StreamService,
        driver: TaskDriver,
        named: NamedTasks,
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._settings = settings
        self._envoys = envoys
        self._streams = streams
        self._driver = driver
        self._named = named
        self._is_closing = False

    def close(self) -> None:
        """Let go of those who watch: the server stops, and their tasks go on."""
        self._is_closing = True
        self._driver.wake_watchers()

    async def create(self, actor: Actor, wanted: NewTask) -> CreatedTask:
        """Begin a task, and return whom it is for.

        Raises:
            InvalidError: it says nothing to run, or something that cannot be.
            NotFoundError: nobody fits the target.
            UnavailableError: it cannot be written, or not into the audit trail; nothing is run.
        """
        actor.require(Permission.RUN_TASKS)
        if wanted.kind != "command" or wanted.rows or wanted.checks:
            raise InvalidError("kind: expected a command, found another kind; ask a query by /api/v1/queries")
        if wanted.named or wanted.parameters:
            raise InvalidError("named: expected a command, found a task of the stacks; run it by /api/v1/named-tasks")
        return await self.begin(actor, wanted, await self._envoys.targeted(actor, wanted.target))

    def declared(self, actor: Actor) -> DeclaredTasks:
        """Return the tasks that the live generation declares."""
        actor.require(Permission.READ_TASKS)
        return DeclaredTasks(items=tuple(self._named.all(actor)))

    def saved_queries(self, actor: Actor) -> SavedQueries:
        """Return the queries that the live generation declares."""
        actor.require(Permission.READ_TASKS)
        return SavedQueries(items=tuple(self._named.queries()))

    async def create_named(self, actor: Actor, wanted: NewNamedTask) -> CreatedTask:
        """Begin a task of the stacks, and return whom it is for.

        Raises:
            ForbiddenError: the stacks do not let the actor run it, or not on one of these; the audit trail has that.
            InvalidError: a parameter is missing, unknown, or of another type.
            NotFoundError: the stacks declare no such task, or nobody fits the target.
            UnavailableError: it cannot be written, or not into the audit trail; nothing is run.
        """
        actor.require(Permission.RUN_NAMED_TASKS)
        given = msgspec.structs.asdict(wanted)
        name = given.pop("name")
        meant = await self._envoys.targeted(actor, wanted.target)
        task = await self._named.resolved(actor, NewTask(command="", named=name, **given), meant)
        return await self.begin(actor, task, meant)

    async def query(self, actor: Actor, wanted: NewQuery) -> CreatedTask:
        """Begin to ask envoys something, and return whom. It is a task, whose output on each is the answer as JSON.

        Raises:
            InvalidError: the expression cannot be read.
            NotFoundError: nobody fits the target.
            UnavailableError: it cannot be written, or not into the audit trail; nobody is asked.
        """
        actor.require(Permission.QUERY_ENVOYS)
        if len(wanted.expression) > _MOST_EXPRESSION:
            raise InvalidError(f"expression: expected at most {_MOST_EXPRESSION} characters, found more; ask for less")
        try:
            Templates().names_in_expression(wanted.expression)
        except TemplateError as error:
            raise InvalidError(
                "expression: expected one such as traits.os.version or package_installed('nginx'), found"
                f" {wanted.expression[:_MOST_SHOWN]!r}, which cannot be read: {error}"
            ) from error
        task = NewTask(
            target=wanted.target,
            kind="query",
            command=wanted.expression,
            timeout_seconds=wanted.timeout_seconds,
            rows=wanted.rows,
            dry_run=wanted.dry_run,
        )
        return await self.begin(actor, task, await self._envoys.targeted(actor, wanted.target))

    async def begin(
        self, actor: Actor, wanted: NewTask, meant: Sequence[EnvoyRecord], task: TaskId | None = None, **of: str
    ) -> CreatedTask:
        """Begin a task on these envoys, for whom the right was asked before; `of` goes into the audit trail.

        Raises:
            InvalidError: it says nothing to run, or something that cannot be.
            UnavailableError: it cannot be written, or not into the audit trail; nothing is run.
        """
        check(wanted)
        items = tuple(
            MeantEnvoy(
                id=record.id,
                hostname=record.hostname,
                connected=self._streams.connected_since(record.id) is not None,
            )
            for record in meant
        )
        if wanted.dry_run:
            return CreatedTask(id=None, items=items)
        task, now = task or new_task_id(), self._clock.now()
        targets = [LiveTarget(position, one.id, one.hostname) for position, one in enumerate(items)]
        detail = {
            wanted.kind: wanted.command,
            "target": wanted.target.text(),
            "envoys": len(items),
            "user": wanted.user,
            **({"named": wanted.named, "parameters": wanted.parameters} if wanted.named else {}),
            **of,
        }
        action = "envoys.query" if wanted.kind == "query" else "tasks.run"
        act = Act(actor=actor.name, action=action, subject=task, detail=detail)

        def job(connection: Connection) -> int:
            self._trail.append(connection, act)
            return store.add(connection, task, wanted, now, actor.name, targets)

        def then(number: int) -> None:
            self._driver.begin(LiveTask(number, task, wanted, now, actor.name, targets))

        await self._database.write(job, then)
        return CreatedTask(id=task, items=items)

    async def begin_declared(
        self, actor: Actor, wanted: NewTask, meant: Sequence[EnvoyRecord], task: TaskId, **of: str
    ) -> CreatedTask:
        """Begin the task of the stacks that `wanted` names, as `begin`.

        Raises:
            ForbiddenError: the stacks do not let the actor run it, or not on one of these; the audit trail has that.
            InvalidError: a parameter is missing, unknown, or of another type.
            NotFoundError: the stacks declare no such task.
            UnavailableError: as `begin`.
        """
        return await self.begin(actor, await self._named.resolved(actor, wanted, meant), meant, task, **of)

    def refusal(self, actor: Actor, name: str, meant: Sequence[EnvoyRecord]) -> str:
        """Return why the stacks do not let an actor run one of their tasks on these, or an empty text.

        Raises:
            NotFoundError: they declare no such task.
        """
        return self._named.refusal(self._named.find(name), actor, meant)

    async def rerun(self, actor: Actor, task_id: str, *, failed: bool) -> CreatedTask:
        """Begin a task again, on all its envoys or on those where it did not succeed.

        Raises:
            ConflictError: it goes on, or it succeeded everywhere.
            NotFoundError: there is no such task, or none of these envoys is left.
        """
        wanted, shown = await self._found(actor, task_id)
        actor.require(_needed(wanted))
        if shown.ended_at is None:
            raise ConflictError(f"expected a task that has ended, found that {task_id} goes on; wait, or cancel it")
        again = [one.id for one in shown.targets if not (failed and one.state == "succeeded")]
        if not again:
            raise ConflictError(f"expected envoys where {task_id} did not succeed, found none; leave --failed out")
        left = [record for envoy in again if (record := self._envoys.find(envoy)) is not None and record.is_active]
        if not left:
            raise NotFoundError(f"expected envoys of {task_id} that are still enrolled, found none")
        await self._envoys.require_machines(actor, [record.hostname for record in left])
        if wanted.named:
            # What the stacks say now counts, for the command and for who may run it.
            wanted = await self._named.resolved(actor, wanted, left)
        return await self.begin(actor, wanted, left, rerun_of=task_id)

    async def cancel(self, actor: Actor, task_id: str) -> TaskDetail:
        """End a task wherever it runs, and start it nowhere else. One that has ended stays as it is.

        Raises:
            NotFoundError: there is no such task.
            UnavailableError: it cannot be written into the audit trail; the task goes on.
        """
        wanted, shown = await self._found(actor, task_id)
        actor.require(_needed(wanted))
        await self._envoys.require_machines(actor, [target.hostname for target in shown.targets])
        await self.stop(shown.id, actor.name)
        return await self.show(actor, task_id)

    async def stop(self, task: TaskId, by: str) -> None:
        """End a task if it goes on; the right was asked for before."""
        live = self._driver.find(task)
        if live is None:
            return
        act = Act(actor=by, action="tasks.cancel", subject=live.id)

        def job(connection: Connection) -> None:
            self._trail.append(connection, act)
            store.cancel(connection, live.number, by)

        await self._database.write(job, lambda _: self._driver.cancel(live, by))

    def counts(self, task: TaskId) -> Mapping[TargetState, int] | None:
        """Return how many envoys are in each state of a task that goes on, None for any other."""
        live = self._driver.find(task)
        return None if live is None else live.counts()

    async def ends(self, task: TaskId) -> Sequence[TaskTarget] | None:
        """Return how a task ended on each envoy, None where it never began."""
        found = await self._database.read(lambda connection: store.find(connection, task))
        return None if found is None else found[1].targets

    async def list(self, actor: Actor, before: int | None, limit: int) -> TaskList:
        """Return a page of tasks, the newest first."""
        actor.require(Permission.READ_TASKS)
        items, following = await self._database.read(lambda connection: store.page(connection, before, limit))
        return TaskList(
            items=tuple(self._present(item) for item in items),
            next_cursor=None if following is None else str(following),
        )

    async def show(self, actor: Actor, task_id: str) -> TaskDetail:
        """Return a task with all its envoys.

        Raises:
            InvalidError: that is no task's id.
            NotFoundError: there is no such task, or it is no longer kept.
        """
        return (await self._found(actor, task_id))[1]

    async def watch(self, actor: Actor, task_id: str) -> AsyncGenerator[TaskEvent, None]:
        """Return what a task did and does, until it has ended. Who looks slowly hears later, never less.

        Raises:
            InvalidError: that is no task's id.
            NotFoundError: there is no such task, or it is no longer kept.
        """
        shown = await self.show(actor, task_id)
        live = self._driver.find(shown.id)
        return (
            past(shown)
            if live is None
            else going_on(live, shown, lambda: self._driver.find(live.id) is None, lambda: self._is_closing)
        )

    async def prune(self) -> None:
        """Delete the tasks that the settings no longer keep."""
        before = self._clock.now() - self._settings.value.keep_runs_for
        await self._database.write(lambda connection: store.prune(connection, before))

    async def _found(self, actor: Actor, task_id: str) -> tuple[NewTask, TaskDetail]:
        actor.require(Permission.READ_TASKS)
        wanted = parse_task_id(task_id)
        found = await self._database.read(lambda connection: store.find(connection, wanted))
        if found is None:
            raise NotFoundError(
                f"expected the id of a task that is kept, found {task_id}; `vigocli task list` prints them, and"
                " keep_runs_for in server.yaml says how long they are kept"
            )
        live = self._driver.find(wanted)
        if live is None:
            return found
        stored = {one.id: one for one in found[1].targets}
        share = store.share_bytes(len(live.targets))
        targets = tuple(stored[one.envoy] if one.state in FINAL else _shown(one, share) for one in live.targets)
        return found[0], msgspec.structs.replace(found[1], counts=live.counts(), targets=targets)

    def _present(self, item: TaskItem) -> TaskItem:
        live = self._driver.find(item.id)
        return item if live is None else msgspec.structs.replace(item, counts=live.counts())


def _shown(target: LiveTarget, most_bytes: int) -> TaskTarget:
    return target.shown(target.output.whole()[-most_bytes:].decode(errors="replace"))


def _needed(wanted: NewTask) -> Permission:
    """Return the right that a task takes."""
    if wanted.named:
        return Permission.RUN_NAMED_TASKS
    return Permission.QUERY_ENVOYS if wanted.kind == "query" else Permission.RUN_TASKS

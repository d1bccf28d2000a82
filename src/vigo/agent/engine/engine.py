"""One pass over a plan: the order, the dependencies, the notifications and when it ends early."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

from msgspec import UNSET, UnsetType

from vigo.agent.engine.attempt import Execute, Kinds
from vigo.agent.engine.guardrail import Guardrail
from vigo.agent.engine.holding import Holds
from vigo.agent.engine.keeping import Keeper
from vigo.agent.engine.notices import Notices, NoticesInMemory
from vigo.agent.engine.progress import Progress, skipped
from vigo.agent.engine.removal import Removal
from vigo.agent.engine.rendering import Context
from vigo.agent.engine.retrying import Retrier, Sleep, sleep
from vigo.agent.engine.scope import Scope
from vigo.agent.engine.secrets import Resolve, Secrets, no_server
from vigo.agent.engine.sightings import Sightings
from vigo.agent.engine.standing import Standing
from vigo.agent.engine.undo_records import Undos, UndosInMemory
from vigo.agent.engine.undoing import Undoer
from vigo.agent.engine.worker import HasMoved, OneLook, Worker
from vigo.catalog.api import ReadHost
from vigo.core.clock import Clock
from vigo.core.ids import ResourceId
from vigo.core.plan import Plan, PlannedResource
from vigo.core.run import ResourceResult
from vigo.core.templates import Functions, Templates
from vigo.core.traits import Traits


class Engine:
    """Applies plans to one host.

    `protected` are folders of the host that no policy may touch. `stop` is asked before each resource, and while it is
    waited for another attempt: the reason why the pass shall end, or an empty text. Within `one_look` the host looks at
    each path once. `sightings` are those of former passes, and `has_moved` tells whether one still holds.
    `resolve` asks for the values of secrets; it is called in the thread of the pass.
    """

    def __init__(
        self,
        host: ReadHost,
        execute: Execute,
        clock: Clock,
        *,
        kinds: Kinds,
        protected: tuple[str, ...] = (),
        stop: Callable[[], str] = lambda: "",
        sleep: Sleep = sleep,
        look_afresh: Callable[[], None] = lambda: None,
        one_look: OneLook = nullcontext,
        has_moved: HasMoved = lambda _marks: True,
        sightings: Sightings | None = None,
        resolve: Resolve = no_server,
    ) -> None:
        self._host = host
        self._execute = execute
        self._clock = clock
        self._kinds = kinds
        self._protected = protected
        self._stop = stop
        self._one_look = one_look
        self._retrier = Retrier(clock, sleep, stop, look_afresh)
        self._has_moved = has_moved
        self._sightings = Sightings() if sightings is None else sightings
        self._resolve = resolve

    def apply(
        self,
        plan: Plan,
        traits: Traits,
        functions: Functions,
        *,
        notices: Notices | None = None,
        undos: Undos | None = None,
        dry_run: bool = False,
        outside_window: bool = False,
        standing: Standing | None = None,
        only: frozenset[ResourceId] | UnsetType = UNSET,
    ) -> tuple[ResourceResult, ...]:
        """Return how every resource ended, in the order of the plan, then those that are gone from it and were undone.

        With `only` these are the resources that are named and those that what becomes of them concerns; the others
        count as `standing` says, and nothing is undone. It is brought up to date.

        Maintenance windows keep resources from changes, unless `outside_window` says that they do not count.
        A dry run is the same pass less the execution; what it would change notifies too, so it shows the whole chain.
        """
        kept = notices if notices is not None else NoticesInMemory()
        owed = NoticesInMemory(kept.owed()) if dry_run else kept
        records = undos if undos is not None and not dry_run else UndosInMemory(undos)
        self._sightings.keep_only({resource.id for resource in plan.resources})
        keeper = Keeper(records, self._host, plan, self._kinds)
        guardrail = Guardrail(self._host, self._protected)
        holds = Holds(plan, self._host, self._clock, outside_window=outside_window)
        secrets = Secrets(plan, self._resolve)
        worker = Worker(
            self._host,
            self._execute,
            self._clock,
            kinds=self._kinds,
            templates=Templates(functions),
            guardrail=guardrail,
            keeper=keeper,
            holds=holds,
            retrier=self._retrier,
            one_look=self._one_look,
            has_moved=self._has_moved,
            sightings=self._sightings,
            secrets=secrets,
            dry_run=dry_run,
            # What is repaired was told of by an event: then there is something to look at.
            looks_at_all=only is not UNSET,
            standing=standing,
        )
        undoer = Undoer(
            self._host,
            self._execute,
            self._clock,
            kinds=self._kinds,
            guardrail=guardrail,
            keeper=keeper,
            holds=holds,
            dry_run=dry_run,
        )
        scope, before = Scope(only), None if standing is None else standing.obstacles
        progress = Progress(plan, scope.within(owed.owed()), None if scope.is_all else before)
        one_pass = _Pass(plan, traits, worker, owed, self._stop, progress, scope, is_image=self._host.is_image())
        removal = Removal(
            plan, kinds=self._kinds, keeper=keeper, worker=worker, undoer=undoer, context=one_pass.context
        )
        secrets.ahead = one_pass.ahead
        with secrets.kept_from_logs():
            results = one_pass.run(removal)
        if secrets.concealer is not None:
            # Of all, since what one wrote another may print.
            results = tuple(map(secrets.concealer.result, results))
        if standing is not None:
            standing.took_place(results, progress.obstacles)
        return results


class _Pass:
    """The state of one pass."""

    def __init__(
        self,
        plan: Plan,
        traits: Traits,
        worker: Worker,
        notices: Notices,
        stop: Callable[[], str],
        progress: Progress,
        scope: Scope,
        *,
        is_image: bool,
    ) -> None:
        self._plan = plan
        self._traits = traits
        self._worker = worker
        self._notices = notices
        self._asked_to_stop = stop
        self._is_image = is_image
        self._progress = progress
        self._scope = scope
        self._ended = ""
        self._running: list[str] = []
        self._contexts: dict[str, Mapping[str, Any]] = {}

    def run(self, removal: Removal) -> tuple[ResourceResult, ...]:
        for resource in self._plan.resources:
            if not resource.only_when_notified and self._scope.includes(resource):
                self._run_due(resource.depends_on)
                self._run_one(resource)
        if self._scope.is_all:
            # Before the handlers, which are to be told of what was undone as of everything else.
            removal.run(self._progress, lambda: self._ended or self._asked_to_stop(), self._notices.owe)
        while due := self._progress.next_due():
            self._progress.last_turn_of(due)
            self._run_one(due)
        removal.close()
        self._notices.settle(self._notices.owed().difference(self._progress.handlers))
        return self._progress.results(with_all=self._scope.is_all)

    def ahead(self) -> Iterator[ResourceId]:
        """Yield the resources made of secrets that this pass will look at, as far as that is known now."""
        for resource in self._plan.resources:
            if (
                self._plan.secrets_of(resource.id)
                and not resource.only_when_notified
                and self._scope.includes(resource)
                and not self._progress.had_its_turn(resource.id)
                and self._worker.is_ahead(resource, self.context(resource))
            ):
                yield resource.id

    def _run_due(self, ids: tuple[str, ...]) -> None:
        """Run notified resources that something now depends on, which cannot wait for the end of the pass."""
        done: set[str] = set()
        # One of them may notify another one, which is due only then.
        while due := next((one for one in self._progress.due_among(ids) if one.id not in done), None):
            done.add(due.id)
            self._run_one(due)

    def _run_one(self, resource: PlannedResource) -> None:
        self._running.append(resource.id)
        self._progress.begin(resource)
        former = self._progress.obstacles.get(resource.id)
        result, is_fault = self._outcome(resource)
        self._progress.end(resource, result, is_fault=is_fault)
        if result.changed or self._progress.obstacles.get(resource.id) != former:
            self._scope.stirred_by(resource)
        is_held = resource.id in self._worker.held  # then it stays due
        if resource.only_when_notified and not is_held and self._is_settled(result, is_fault=is_fault):
            self._notices.settle((resource.id,))
        if result.outcome == "failed" and resource.on_failure == "stop" and not self._ended:
            self._ended = f"skipped because {resource.id} failed and has `on_failure: stop`"
        for handler in self._progress.notified_at_once_by(resource):
            if handler.id not in self._running:
                self._run_one(handler)
        self._running.pop()

    def _outcome(self, resource: PlannedResource) -> tuple[ResourceResult, bool]:
        """Return the result, and whether it keeps what depends on it from running."""
        reason = self._ended or self._asked_to_stop() or self._progress.obstacle(resource)
        if reason:
            return skipped(resource, reason), True
        handlers = self._progress.handlers_of(resource)
        result = self._worker.work(
            resource,
            self.context(resource),
            before_change=lambda: self._notices.owe(handlers),
            changes_ahead=self._progress.changes,
            retry=self._plan.retry(resource.id),
        )
        return result, result.outcome in ("failed", "blocked")

    def context(self, resource: PlannedResource) -> Context:
        """Return what the templates and conditions of a resource see."""
        crate = resource.configcrate
        if crate not in self._contexts:
            self._contexts[crate] = {"vars": self._plan.scopes.get(crate, {}), "traits": self._traits}
        return {**resource.locals, **self._contexts[crate]} if resource.locals else self._contexts[crate]

    def _is_settled(self, result: ResourceResult, *, is_fault: bool) -> bool:
        """Return whether a notified resource had its turn. In an image nothing runs that would have to be told."""
        return not is_fault or (result.outcome == "blocked" and self._is_image)

"""What happened so far in a pass, and what that means for what comes: obstacles and notifications."""

from collections.abc import Iterable, Mapping

import msgspec

from vigo.core.ids import ResourceId
from vigo.core.plan import Plan, PlannedResource
from vigo.core.run import Outcome, ResourceResult

NOT_NOTIFIED = "not notified"
CONDITION_IS_FALSE = "its condition is false: "

_WORST_FIRST: tuple[Outcome, ...] = ("failed", "blocked", "changed", "unchanged", "skipped")


class Progress:
    """The bookkeeping of one pass; it decides nothing about the host.

    A handler is a resource with `when: changed`; it is due when it was notified and had no turn since. `changes`
    counts the resources that changed something. `former` are the obstacles that the passes before left: they count for
    resources that have no turn in this one.
    """

    def __init__(self, plan: Plan, owed: frozenset[ResourceId], former: Mapping[ResourceId, str] | None = None) -> None:
        self._order = plan.resources
        self._by_id = {resource.id: resource for resource in plan.resources}
        self._results: dict[ResourceId, ResourceResult] = {}
        self._removed: dict[ResourceId, ResourceResult] = {}
        self._obstacles: dict[ResourceId, str] = dict(former or {})
        self.handlers = frozenset(resource.id for resource in plan.resources if resource.only_when_notified)
        self._due = set(owed & self.handlers)
        self._closed: set[ResourceId] = set()
        self.changes = 0
        self._notifiers: dict[ResourceId, list[ResourceId]] = {}
        for resource in plan.resources:
            for target in resource.notify:
                self._notifiers.setdefault(target, []).append(resource.id)

    def begin(self, resource: PlannedResource) -> None:
        """A resource has its turn: it is not due any more, unless it is notified again later."""
        self._due.discard(resource.id)

    def end(self, resource: PlannedResource, result: ResourceResult, *, is_fault: bool) -> None:
        """Record a turn's result; with a fault whatever depends on the resource is skipped."""
        former = self._results.get(resource.id)
        self._results[resource.id] = result if former is None else merged(former, result)
        if is_fault:
            verb = {"failed": "failed", "blocked": "is blocked"}.get(result.outcome, "was skipped")
            self._obstacles[resource.id] = f"{resource.id} {verb}"
        else:
            self._obstacles.pop(resource.id, None)
        if result.changed:
            self.changes += 1
            # A handler that had its turn is notified once more: what it restarted then was not this configuration.
            self._due.update(self.handlers_of(resource) - self._closed)

    @property
    def obstacles(self) -> Mapping[ResourceId, str]:
        """What stands in the way of those that depend on a resource, by that resource."""
        return self._obstacles

    def undone(self, result: ResourceResult, handlers: Iterable[ResourceId]) -> None:
        """Record the undoing of what a resource no longer declares; the resource itself may be gone or not."""
        former = self._results.get(result.id)
        if former is not None:
            self._results[result.id] = merged(former, result)
        else:
            self._removed[result.id] = result
        if result.changed:
            self.changes += 1
            self._due.update(self.handlers.intersection(handlers) - self._closed)

    def had_its_turn(self, id_: ResourceId) -> bool:
        """Return whether a resource had a turn in this pass."""
        return id_ in self._results

    def is_in_its_state(self, id_: ResourceId) -> bool:
        """Return whether a resource had its turn in this pass and is as it is declared."""
        result = self._results.get(id_)
        return result is not None and result.outcome in ("changed", "unchanged")

    def obstacle(self, resource: PlannedResource) -> str:
        """Return why a resource cannot have its turn, or an empty text.

        A handler also waits for what notifies it: a service is not restarted on half a configuration.
        """
        for dependency in resource.depends_on:
            if dependency in self._obstacles:
                return f"skipped because {self._obstacles[dependency]}"
        if resource.only_when_notified:
            for notifier in self._notifiers.get(resource.id, ()):
                result = self._results.get(notifier)
                if result is not None and result.outcome == "failed":
                    return f"skipped because {notifier}, which notifies it, failed; it stays due for the next run"
        return ""

    def handlers_of(self, resource: PlannedResource) -> frozenset[ResourceId]:
        """Return the handlers that a resource notifies."""
        return self.handlers.intersection(resource.notify)

    def notified_at_once_by(self, resource: PlannedResource) -> tuple[PlannedResource, ...]:
        """Return the due handlers of a resource that do not wait for the end of the pass."""
        return tuple(handler for handler in self._due_in_order(resource.notify) if handler.immediately)

    def due_among(self, ids: Iterable[str]) -> tuple[PlannedResource, ...]:
        """Return the due handlers among some resources."""
        return self._due_in_order(ids)

    def next_due(self) -> PlannedResource | None:
        """Return the first due handler in plan order, or None at the end."""
        if not self._due:
            return None
        return next(resource for resource in self._order if resource.id in self._due)

    def last_turn_of(self, resource: PlannedResource) -> None:
        """Let a resource's next turn be its last in this pass, so that two that notify each other come to an end."""
        self._closed.add(resource.id)

    def results(self, *, with_all: bool = True) -> tuple[ResourceResult, ...]:
        """Return every resource's result in plan order, then those of removed ones.

        A handler without a turn was not notified. Without `with_all` what had no turn is left out.
        """
        if not with_all:
            return tuple(self._results[one.id] for one in self._order if one.id in self._results)
        there = (self._results.get(one.id) or skipped(one, NOT_NOTIFIED) for one in self._order)
        return (*there, *self._removed.values())

    def _due_in_order(self, ids: Iterable[str]) -> tuple[PlannedResource, ...]:
        found = self._due.intersection(ids)
        return tuple(resource for resource in self._order if resource.id in found) if found else ()


def is_as_declared(result: ResourceResult) -> bool:
    """Return whether a skipped resource was skipped because the policy says so, and nothing is amiss."""
    return result.outcome == "skipped" and (
        result.reason == NOT_NOTIFIED or result.reason.startswith(CONDITION_IS_FALSE)
    )


def skipped(resource: PlannedResource, reason: str) -> ResourceResult:
    """Return the result of a resource that was not worked on."""
    return ResourceResult(id=resource.id, type=resource.type, outcome="skipped", reason=reason)


def merged(first: ResourceResult, second: ResourceResult) -> ResourceResult:
    """Return what two turns of one resource in one pass amount to: the worse outcome, and all that was done."""
    worse = min((first, second), key=lambda result: _WORST_FIRST.index(result.outcome))
    return msgspec.structs.replace(
        worse,
        changed=tuple(dict.fromkeys((*first.changed, *second.changed))),
        ops=(*first.ops, *second.ops),
        diff=first.diff + second.diff,
        duration_ms=round(first.duration_ms + second.duration_ms, 3),
    )

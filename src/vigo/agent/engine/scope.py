"""Which resources of a plan a pass is about: all of them, or some and those that what becomes of them concerns."""

from msgspec import UNSET, UnsetType

from vigo.core.ids import ResourceId
from vigo.core.plan import PlannedResource


class Scope:
    """What a pass is about. Asked in the order of the plan, in which whatever depends on a resource comes after it.

    With `only` these are the resources that are named; where the turn of one of them changed something, or what stands
    in the way of others, all that depend on it, directly or by others, have theirs too.
    """

    def __init__(self, only: frozenset[ResourceId] | UnsetType = UNSET) -> None:
        self._only = only
        self._stirred: set[ResourceId] = set()

    @property
    def is_all(self) -> bool:
        """Whether no resource is left out."""
        return isinstance(self._only, UnsetType)

    def includes(self, resource: PlannedResource) -> bool:
        """Return whether a resource has its turn."""
        if isinstance(self._only, UnsetType):
            return True
        if resource.id in self._stirred or not self._stirred.isdisjoint(resource.depends_on):
            self.stirred_by(resource)
            return True
        return resource.id in self._only

    def within(self, ids: frozenset[ResourceId]) -> frozenset[ResourceId]:
        """Return those of some resources that were named."""
        return ids if isinstance(self._only, UnsetType) else ids & self._only

    def stirred_by(self, resource: PlannedResource) -> None:
        """Let what depends on a resource, or is notified by it, have its turn."""
        if not isinstance(self._only, UnsetType):
            self._stirred.update((resource.id, *resource.notify))

"""Which notified resources are still owed a run, kept where a crash cannot lose it.

A configuration file that was written and a service that was never restarted is what a kill between the two leaves
behind, and no later observation could tell. So the debt is written down before the change is made.
"""

from collections.abc import Iterable
from typing import Protocol

from vigo.core.ids import ResourceId


class Notices(Protocol):
    """The resources with `when: changed` that were notified and did not run yet."""

    def owed(self) -> frozenset[ResourceId]:
        """Return them."""
        ...

    def owe(self, ids: Iterable[ResourceId]) -> None:
        """Write down that these are due."""
        ...

    def settle(self, ids: Iterable[ResourceId]) -> None:
        """Strike these out."""
        ...


class NoticesInMemory:
    """Notices that last as long as the process: for a dry run, which owes nothing to anybody."""

    def __init__(self, owed: Iterable[ResourceId] = ()) -> None:
        self._owed = frozenset(owed)

    def owed(self) -> frozenset[ResourceId]:
        """Return the resources that are due."""
        return self._owed

    def owe(self, ids: Iterable[ResourceId]) -> None:
        """Add resources."""
        self._owed = self._owed.union(ids)

    def settle(self, ids: Iterable[ResourceId]) -> None:
        """Take resources away."""
        self._owed = self._owed.difference(ids)

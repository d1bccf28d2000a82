"""Resources that were found in their state, and how to tell at the next pass that they still are without looking again.

A resource is passed over where its declaration is made of the same and where nothing that the last look saw has moved.
Only looks that files alone answered count: what a program told changes without a trace.
"""

import zlib
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Self

import msgspec

from vigo.agent.engine.rendering import Context
from vigo.agent.engine.standing import Mark
from vigo.agent.machine import Marks
from vigo.core.encoding import digest, encode_as_written
from vigo.core.ids import Digest, ResourceId
from vigo.core.plan import PlannedResource
from vigo.core.template_names import taken_in, texts_in
from vigo.core.templates import TemplateError, Templates

LONGEST: Final = timedelta(hours=1)
"""How long a look counts at most, whatever the files say of themselves."""

NO_POLICY: Final = Digest("")
_LONGEST_PLAIN: Final = 64
_MOST_SHARED: Final = 1000

Name = tuple[str, ...]
Watched = Mapping[str, Mark]


class Inputs(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The names that templates take in, and what stood for them; most resources share theirs with others."""

    names: tuple[Name, ...] = ()
    taken: bytes = b""


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """How a resource was when it was found in its state; `until` is when to look again, in seconds since 1970."""

    marks: Marks
    until: float
    inputs: Inputs = Inputs()


class StoredSighting(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A sighting whose inputs stand in a list, by their place in it."""

    marks: Marks
    until: float
    inputs: int


class StoredSightings(msgspec.Struct, frozen=True, kw_only=True):
    """Sightings as they are stored."""

    policy: Digest
    inputs: tuple[Inputs, ...]
    seen: dict[ResourceId, StoredSighting]


class Sightings:
    """The sightings of one policy, from one pass to the next."""

    def __init__(self, policy: Digest = NO_POLICY) -> None:
        self.policy = policy
        self._seen: dict[ResourceId, Sighting] = {}
        self._watched: dict[ResourceId, Watched] = {}
        self._shared: dict[Inputs, Inputs] = {}
        self.is_new = False
        """Whether there is one that was not there at first."""

    @classmethod
    def restored(cls, stored: StoredSightings) -> Self:
        """Return sightings that were stored."""
        found = cls(stored.policy)
        for resource, one in stored.seen.items():
            if 0 <= one.inputs < len(stored.inputs):
                found._seen[resource] = Sighting(one.marks, one.until, stored.inputs[one.inputs])
        return found

    def stored(self) -> StoredSightings:
        """Return the sightings as they are stored."""
        places: dict[Inputs, int] = {}
        seen = {
            resource: StoredSighting(one.marks, one.until, places.setdefault(one.inputs, len(places)))
            for resource, one in self._seen.items()
        }
        return StoredSightings(policy=self.policy, inputs=tuple(places), seen=seen)

    @property
    def seen(self) -> Mapping[ResourceId, Sighting]:
        """All that there are."""
        return self._seen

    def are_of(self, policy: Digest) -> None:
        """Forget those of another policy."""
        if policy != self.policy:
            self.policy = policy
            self._seen.clear()
            self._watched.clear()

    def of(self, resource: ResourceId, now: datetime) -> Sighting | None:
        """Return the sighting of a resource, unless it is time to look again or the clock went back."""
        found = self._seen.get(resource)
        if found is None or not 0 <= found.until - now.timestamp() <= LONGEST.total_seconds():
            return None
        return found

    def watched(self, resource: ResourceId) -> Watched | None:
        """Return the paths of a resource that are to be watched, with their marks, where that is known."""
        return self._watched.get(resource)

    def note(
        self,
        resource: PlannedResource,
        marks: Marks | None,
        templates: Templates,
        context: Context,
        now: datetime,
        watched: Watched | None = None,
    ) -> None:
        """Note that a look found a resource in its state; without marks it has to be looked at each time."""
        names = None if marks is None else self._names_in(resource, templates, context)
        if marks is None or names is None:
            self.forget(resource.id)
            return
        # Not all at once: else every twelfth cycle would take as long as all others together.
        share = 0.5 + 0.5 * zlib.crc32(resource.id.encode()) / 2**32
        until = now.timestamp() + share * LONGEST.total_seconds()
        inputs = Inputs(names, taken(names, context))
        self._seen[resource.id] = Sighting(marks, until, self._shared.setdefault(inputs, inputs))
        self.is_new = True
        if watched is not None:
            self._watched[resource.id] = watched

    def forget(self, resource: ResourceId) -> None:
        """Have a resource looked at in the next pass."""
        self._seen.pop(resource, None)
        self._watched.pop(resource, None)

    def keep_only(self, ids: Collection[ResourceId]) -> None:
        """Forget resources that a plan no longer has."""
        for resource in [one for one in self._seen if one not in ids]:
            self.forget(resource)
        if len(self._shared) > _MOST_SHARED:
            self._shared.clear()  # those of former values of traits; later ones are shared again

    def _names_in(self, resource: PlannedResource, templates: Templates, context: Context) -> tuple[Name, ...] | None:
        """Return the names that a resource's templates take in; None where one calls what looks at the machine."""
        found: set[Name] = set()
        for source in texts_in(resource.templates):
            try:
                found.update(tuple(name.split(".")) for name in templates.names_in(source))
            except TemplateError:
                return None
        if not all(name[0] in context for name in found):
            return None
        return tuple(sorted(found))


def taken(names: tuple[Name, ...], context: Mapping[str, Any]) -> bytes:
    """Return what stands for names, such that equal bytes are rendered to equal values."""
    if not names:
        return b""
    plain = encode_as_written([taken_in(context, name) for name in names])
    return b"=" + plain if len(plain) <= _LONGEST_PLAIN else digest(plain).encode()

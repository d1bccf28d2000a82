"""Resources that were found in their state, and how to tell at the next pass that they still are without looking again.

A resource is passed over where its declaration is made of the same and where nothing that the last look saw has moved.
Only looks that files alone answered count: what a program told changes without a trace.
"""

import zlib
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

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

Name = tuple[str, ...]
Watched = Mapping[str, Mark]


class Sighting(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """How a resource was when it was found in its state.

    `names` are those that its templates take in and `taken` what stood for them; `until` is when to look again, in
    seconds since 1970.
    """

    marks: Marks
    until: float
    names: tuple[Name, ...] = ()
    taken: bytes = b""


class Sightings:
    """The sightings of one policy, from one pass to the next."""

    def __init__(self, policy: Digest = NO_POLICY, seen: Mapping[ResourceId, Sighting] | None = None) -> None:
        self.policy = policy
        self._seen: dict[ResourceId, Sighting] = dict(seen or {})
        self._watched: dict[ResourceId, Watched] = {}
        self._names: dict[tuple[Name, ...], tuple[Name, ...]] = {}
        self.is_new = False
        """Whether there is one that was not there at first."""

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
        self._seen[resource.id] = Sighting(marks, until, names, taken(names, context))
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
        names = tuple(sorted(found))
        return self._names.setdefault(names, names)  # most resources take in the same few


def taken(names: tuple[Name, ...], context: Mapping[str, Any]) -> bytes:
    """Return what stands for names, such that equal bytes are rendered to equal values."""
    if not names:
        return b""
    plain = encode_as_written([taken_in(context, name) for name in names])
    return b"=" + plain if len(plain) <= _LONGEST_PLAIN else digest(plain).encode()

"""What is kept of resources with `on_remove: revert`, from before their first change until they are undone.

No later observation could tell what was there before, so it is written down before anything is changed, and what the
resource made of it afterwards: whoever changed it since shall not lose that.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from vigo.core.ids import Digest, ResourceId


class UndoThing(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a resource has a hand in. The footprint and the traces are in the form of the kind `type`.

    `before` is never replaced while the record lives. `made` is what the resource had made of it when it last changed
    it. `interrupted` is true while operations are carried out, so after a kill: then `made` may be older than what is
    there, and `writes` are the digests of contents that were about to be written. `former_bytes` is the size of the
    former content that is kept beside the record.
    """

    type: str
    footprint: dict[str, Any]
    before: dict[str, Any]
    made: dict[str, Any] | None = None
    interrupted: bool = False
    writes: tuple[str, ...] = ()
    former_bytes: int = 0


class UndoRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A resource and its things by name, with what its declaration said when it was last seen.

    `declaration` is a digest of its fields, `position` its place in the order of the plan. `lost` says why the record
    cannot be used any more.
    """

    id: ResourceId
    type: str
    things: dict[str, UndoThing] = {}
    declaration: Digest = Digest("")
    position: int = 0
    noop: bool = False
    timeout_seconds: float | None = None
    notify: tuple[ResourceId, ...] = ()
    lost: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to be undone."""
        return not self.things and not self.lost


class Undos(Protocol):
    """The records, kept where a crash cannot lose them."""

    def records(self) -> Mapping[ResourceId, UndoRecord]:
        """Return every record."""
        ...

    def former(self, resource: ResourceId, thing: str) -> bytes | None:
        """Return the former content that is kept for a thing."""
        ...

    def keep(self, *records: UndoRecord, formers: Mapping[tuple[ResourceId, str], bytes] | None = None) -> None:
        """Store records, each in the place of the former one, and contents, together or not at all.

        An empty record goes, and so do the contents of things that left a record.

        Raises:
            UnavailableError: they cannot be stored; all is as before.
        """
        ...


class UndosInMemory:
    """Records that last as long as the process, over others that are only read: for a dry run, which keeps nothing."""

    def __init__(self, beneath: Undos | None = None) -> None:
        self._records = {} if beneath is None else dict(beneath.records())
        self._formers: dict[tuple[ResourceId, str], bytes] = {}
        self._beneath = beneath

    def records(self) -> Mapping[ResourceId, UndoRecord]:
        """Return every record."""
        return dict(self._records)

    def former(self, resource: ResourceId, thing: str) -> bytes | None:
        """Return the former content that is kept for a thing."""
        if (resource, thing) in self._formers:
            return self._formers[resource, thing]
        return None if self._beneath is None else self._beneath.former(resource, thing)

    def keep(self, *records: UndoRecord, formers: Mapping[tuple[ResourceId, str], bytes] | None = None) -> None:
        """Store records and contents."""
        for record in records:
            self._records[record.id] = record
            if record.is_empty:
                del self._records[record.id]
        self._formers.update(formers or {})

"""The undo records in the journal: each durable when its method returns, with the former contents beside them."""

import logging
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from vigo.agent.engine.undo_records import UndoRecord
from vigo.agent.journal.store import Store, Transaction
from vigo.core.encoding import decode, digest, encode
from vigo.core.errors import DamagedError
from vigo.core.ids import ResourceId

RECORD, NAME, FORMER = b"undo/", b"undo-name/", b"undo-former/"
"""A record, whose it is (which outlives damage to the record), and a former content."""

PREFIXES = (RECORD, NAME, FORMER)
_DIGITS = 32

ValueT = TypeVar("ValueT")

_log = logging.getLogger(__name__)


class _Name(msgspec.Struct, frozen=True):
    id: ResourceId
    type: str


class JournalledUndos:
    """The records of one journal; keys are digests, since a resource's name may be longer than a key."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def records(self) -> Mapping[ResourceId, UndoRecord]:
        """Return every record; one that cannot be read says so."""
        with self._store.reading() as transaction:
            found = [_record(transaction, key.removeprefix(NAME)) for key in transaction.keys(NAME)]
        return {record.id: record for record in found if record is not None}

    def count(self) -> int:
        """Return how many records there are."""
        with self._store.reading() as transaction:
            return sum(1 for _ in transaction.keys(NAME))

    def former(self, resource: ResourceId, thing: str) -> bytes | None:
        """Return the former content that is kept for a thing."""
        with self._store.reading() as transaction:
            return transaction.get(_former_key(_mark(resource), thing))

    def keep(self, *records: UndoRecord, formers: Mapping[tuple[ResourceId, str], bytes] | None = None) -> None:
        """Store records, each in the place of the former one, and contents, together or not at all.

        An empty record goes, and so do the contents of things that left a record.

        Raises:
            UnavailableError: the disk or the store is full; all is as before.
        """
        with self._store.writing() as transaction:
            for record in records:
                mark = _mark(record.id)
                wanted = {_former_key(mark, name) for name, thing in record.things.items() if thing.former_bytes}
                for key in list(transaction.keys(FORMER + mark)):
                    if key not in wanted:
                        transaction.delete(key)
                if record.is_empty:
                    transaction.delete(RECORD + mark)
                    transaction.delete(NAME + mark)
                else:
                    transaction.put(RECORD + mark, encode(record))
                    transaction.put(NAME + mark, encode(_Name(record.id, record.type)))
            for (resource, thing), content in (formers or {}).items():
                transaction.put(_former_key(_mark(resource), thing), content)


def rebuilt(payloads: Mapping[bytes, bytes], set_aside: str) -> dict[bytes, bytes]:
    """Return what a healed journal holds of undo records, by key.

    Where a record is lost another one says so: what is there now is Vigo's work, and must never pass for what was there
    before.
    """
    known = {key: payload for key, payload in payloads.items() if key.startswith(PREFIXES)}
    for key, payload in payloads.items():
        mark = key.rpartition(b"/")[2]
        if key.startswith(RECORD) and NAME + mark not in known:
            for record in _readable(payload, UndoRecord):
                known[NAME + mark] = encode(_Name(record.id, record.type))
        elif key.startswith(NAME) and RECORD + mark not in known:
            lost = f"its undo record was lost when the journal was damaged, which was set aside as {set_aside}"
            for name in _readable(payload, _Name):
                known[RECORD + mark] = encode(UndoRecord(id=name.id, type=name.type, lost=lost))
    return known


def _readable(payload: bytes, as_type: type[ValueT]) -> tuple[ValueT, ...]:
    """Return the value, or nothing where the payload is none of this version of the agent."""
    try:
        return (decode(payload, as_type),)
    except DamagedError as error:
        _log.error("undo record damaged reason=%s", error)
        return ()


def _record(transaction: Transaction, mark: bytes) -> UndoRecord | None:
    try:
        name = decode(transaction.get(NAME + mark) or b"", _Name)
    except DamagedError as error:
        _log.error("undo record damaged reason=%s", error)
        return None
    try:
        return decode(transaction.get(RECORD + mark) or b"", UndoRecord)
    except DamagedError as error:
        _log.error("undo record damaged resource=%s reason=%s", name.id, error)
        return UndoRecord(id=name.id, type=name.type, lost=f"its undo record cannot be read: {error}")


def _mark(resource: ResourceId) -> bytes:
    return digest(resource.encode())[:_DIGITS].encode()


def _former_key(mark: bytes, thing: str) -> bytes:
    return FORMER + mark + b"/" + digest(thing.encode(errors="surrogatepass"))[:_DIGITS].encode()

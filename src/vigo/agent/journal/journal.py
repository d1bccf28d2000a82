"""What the agent remembers: the bundle, the traits, waiting results, undo records, the sequence, and small facts."""

import logging
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

import vigo
from vigo.agent.engine.sightings import Sightings
from vigo.agent.journal import queue, undos
from vigo.agent.journal.inspection import is_sound, salvaged
from vigo.agent.journal.queue import ResultsQueue
from vigo.agent.journal.records import CollectCache, HeldBundle, KeptSightings, State
from vigo.agent.journal.store import SUSPECT, Store
from vigo.agent.journal.undos import JournalledUndos
from vigo.core.bundle import SignedBundle
from vigo.core.encoding import decode, encode
from vigo.core.errors import DamagedError, NotFoundError, UnavailableError
from vigo.core.ids import Digest, EnvoyId, GenerationNumber, ResourceId

FOLDER = "journal"
_BUNDLE, _STATE, _SEQUENCE, _COLLECTED = b"bundle", b"state", b"sequence", b"collected"
_SIGHTINGS = b"sightings"

ValueT = TypeVar("ValueT")

_log = logging.getLogger(__name__)


class Journal:
    """The agent's memory. Every change is on the disk when its method returns."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.results = ResultsQueue(store)
        self.undos = JournalledUndos(store)

    @classmethod
    def open(cls, state_dir: Path) -> "Journal":
        """Return the journal of a state folder, made where there is none.

        A damaged one is renamed to `journal.damaged-N`, which is logged, and what is sound in it is taken over.

        Raises:
            UnavailableError: the folder cannot be used.
        """
        folder = state_dir / FOLDER
        try:
            _finish_healing(folder)
            folder.mkdir(mode=0o700, exist_ok=True)
            if not (folder / SUSPECT).exists() and is_sound(folder, for_writing=True):
                journal = cls(Store(folder))
                if journal.results.is_consistent():
                    return journal
                journal.close()
            _heal(folder)
        except OSError as error:
            raise UnavailableError(
                f"{folder}: the journal cannot be used: {error.strerror}; run as root, and check that disk"
            ) from error
        return cls(Store(folder))

    @classmethod
    def open_for_reading(cls, state_dir: Path) -> "Journal":
        """Return the journal to look at only.

        Raises:
            NotFoundError: there is none yet.
            DamagedError: it is damaged; the next run sets it aside.
        """
        folder = state_dir / FOLDER
        if not (folder / "data.mdb").exists():
            raise NotFoundError(f"{folder}: no journal yet; the first run makes it")
        if not is_sound(folder, for_writing=False):
            raise DamagedError(f"{folder}: the journal is damaged; the next run sets it aside and rebuilds it")
        return cls(Store(folder, read_only=True))

    def close(self) -> None:
        """Let the files go."""
        self._store.close()

    def state(self) -> State:
        """Return the small facts."""
        return self._get(_STATE, State) or State()

    def remember(self, **changes: Any) -> None:
        """Change some fields of the small facts."""
        with self._store.writing() as transaction:
            payload = transaction.get(_STATE)
            former = State() if payload is None else decode(payload, State)
            changed = msgspec.structs.replace(former, **changes)
            if changed != former:
                transaction.put(_STATE, encode(changed))

    def belongs_to(self, envoy: EnvoyId) -> None:
        """Make this the journal of an envoy: what another identity left here is forgotten.

        Where damage took the owner's name, what was saved is taken over: the results that wait would be lost else.
        """
        former = self.state().envoy
        if former == envoy:
            return
        if former is None:
            held = self.bundle()
            highest = GenerationNumber(0) if held is None else held.bundle.generation
            self.remember(envoy=envoy, highest_generation=max(self.state().highest_generation, highest))
            return
        with self._store.writing() as transaction:
            for key in list(transaction.keys(b"")):
                transaction.delete(key)
            transaction.put(_STATE, encode(State(envoy=envoy)))

    def bundle(self) -> HeldBundle | None:
        """Return the bundle that is held."""
        return self._get(_BUNDLE, HeldBundle)

    def hold(self, bundle: SignedBundle, received_at: datetime) -> None:
        """Store a verified bundle and its generation, together."""
        with self._store.writing() as transaction:
            payload = transaction.get(_STATE)
            former = State() if payload is None else decode(payload, State)
            highest = GenerationNumber(max(former.highest_generation, bundle.generation))
            state = msgspec.structs.replace(former, highest_generation=highest, without_policy=False)
            transaction.put(_BUNDLE, encode(HeldBundle(bundle, received_at)))
            transaction.put(_STATE, encode(state))

    def reserve_sequence(self, count: int, above: int = 0) -> range:
        """Return numbers above `above` that no request carried yet and none will again, also after a crash."""
        with self._store.writing() as transaction:
            payload = transaction.get(_SEQUENCE)
            first = max(above, 0 if payload is None else decode(payload, int)) + 1
            transaction.put(_SEQUENCE, encode(first + count - 1))
        return range(first, first + count)

    def sequence(self) -> int:
        """Return the highest number that was reserved."""
        return self._get(_SEQUENCE, int) or 0

    def collected(self) -> dict[str, Any]:
        """Return what the collectors returned last, or an empty map."""
        found = self._get(_COLLECTED, CollectCache)
        return {} if found is None else found.content

    def keep_collected(self, content: dict[str, Any]) -> None:
        """Store what the collectors returned."""
        self._put(_COLLECTED, CollectCache(content))

    def sightings(self, policy: Digest) -> Sightings:
        """Return which resources of a policy this version of the agent found in their state."""
        try:
            found = self._get(_SIGHTINGS, KeptSightings)
        except DamagedError as error:
            # They only save work: then everything is looked at.
            _log.warning("sightings forgotten reason=%s", error)
            found = None
        if found is None or (found.version, found.sightings.policy) != (vigo.__version__, policy):
            return Sightings(policy)
        return Sightings.restored(found.sightings)

    def keep_sightings(self, sightings: Sightings) -> None:
        """Store which resources were found in their state."""
        self._put(_SIGHTINGS, KeptSightings(version=vigo.__version__, sightings=sightings.stored()))

    def owed(self) -> frozenset[ResourceId]:
        """Return the resources that were notified and did not run yet."""
        return frozenset(self.state().owed)

    def owe(self, ids: Iterable[ResourceId]) -> None:
        """Write down that these resources are due."""
        former = self.owed()
        if not former.issuperset(ids):
            self.remember(owed=tuple(sorted(former.union(ids))))

    def settle(self, ids: Iterable[ResourceId]) -> None:
        """Strike out resources that had their turn."""
        former = self.owed()
        if not former.isdisjoint(ids):
            self.remember(owed=tuple(sorted(former.difference(ids))))

    def _get(self, key: bytes, as_type: type[ValueT]) -> ValueT | None:
        with self._store.reading() as transaction:
            payload = transaction.get(key)
        return None if payload is None else decode(payload, as_type)

    def _put(self, key: bytes, value: Any) -> None:
        with self._store.writing() as transaction:
            transaction.put(key, encode(value))


def damaged_journals(state_dir: Path) -> tuple[str, ...]:
    """Return the names of the journals that were set aside, oldest first."""
    found = state_dir.glob(f"{FOLDER}.damaged-*")
    return tuple(sorted((path.name for path in found), key=lambda name: (len(name), name)))


def _heal(folder: Path) -> None:
    """Put a journal with what is sound in the damaged one into its place. A kill at any step loses nothing."""
    sound = salvaged(folder)
    aside = _aside(folder)
    known = {key: value for key, value in sound.items() if key in _KNOWN or key.startswith(queue.PREFIX)}
    known |= undos.rebuilt(sound, aside.name)
    figures = queue.rebuilt(sound)
    import shutil  # noqa: PLC0415 - most journals are whole

    new = folder.with_name(_REBUILT)
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    store = Store(new)
    try:
        with store.writing() as transaction:
            for key, value in known.items():
                transaction.put(key, value)
            transaction.put(queue.STATE_KEY, encode(figures))
    finally:
        store.close()
    folder.rename(aside)
    new.rename(folder)
    _log.error(
        "the journal was damaged set_aside=%s taken_over=%d results_waiting=%d", aside, len(known), figures.count
    )


def _finish_healing(folder: Path) -> None:
    new = folder.with_name(_REBUILT)
    if new.exists() and not folder.exists():
        new.rename(folder)


_REBUILT = f"{FOLDER}.rebuilt"
_KNOWN = frozenset({_BUNDLE, _STATE, _SEQUENCE, _COLLECTED})


def _aside(folder: Path) -> Path:
    number = 1
    while (target := folder.with_name(f"{folder.name}.damaged-{number}")).exists():
        number += 1
    return target

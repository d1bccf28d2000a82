"""The results that the server has not acknowledged yet: ordered, durable and bounded."""

import msgspec

from vigo.agent.journal.records import QueueState
from vigo.agent.journal.store import Store, Transaction
from vigo.core.encoding import decode, encode
from vigo.core.run import Run

MAX_RUNS = 2_500
"""More than a week at the default interval."""

MAX_BYTES = 64 * 1024 * 1024
PREFIX = b"run/"
STATE_KEY = b"queue"
_UNCHANGED, _OTHER = b"u", b"o"


class ResultsQueue:
    """Runs waiting for the server. Where there is no room the oldest run that changed nothing goes first."""

    def __init__(self, store: Store, max_runs: int = MAX_RUNS, max_bytes: int = MAX_BYTES) -> None:
        self._store = store
        self._max_runs = max_runs
        self._max_bytes = max_bytes

    def push(self, run: Run) -> None:
        """Store a run behind the others. It tells the server how many were dropped since the last one that did.

        Raises:
            UnavailableError: the disk is full; nothing that was stored before is lost.
        """
        with self._store.writing() as transaction:
            state = self._make_room(transaction, _state(transaction), len(encode(run)))
            told = msgspec.structs.replace(run, dropped_runs=run.dropped_runs + state.dropped)
            payload = (_UNCHANGED if run.worst() == "unchanged" else _OTHER) + encode(told)
            transaction.put(_key(state.next_number), payload)
            transaction.put(STATE_KEY, encode(_grown(state, len(payload))))

    def oldest(self) -> tuple[int, Run] | None:
        """Return the run that is next to be delivered and its number, or None.

        Raises:
            DamagedError: it does not match its checksum.
        """
        with self._store.reading() as transaction:
            for key in transaction.keys(PREFIX):
                payload = transaction.get(key) or b""
                return _number(key), decode(payload[1:], Run)
        return None

    def remove(self, number: int) -> None:
        """Take a run out that the server has stored; one that is gone already is as good."""
        with self._store.writing() as transaction:
            _remove(transaction, _key(number), lost=0)

    def lose(self, number: int) -> None:
        """Take a run out that the server will never accept, and count it as dropped."""
        with self._store.writing() as transaction:
            _remove(transaction, _key(number), lost=1)

    def state(self) -> QueueState:
        """Return how many runs wait and how many were dropped."""
        with self._store.reading() as transaction:
            return _state(transaction)

    def is_consistent(self) -> bool:
        """Return whether as many runs are there as were stored: broken pages can also make some vanish."""
        with self._store.reading() as transaction:
            return _state(transaction).count == sum(1 for _ in transaction.keys(PREFIX))

    def _make_room(self, transaction: Transaction, state: QueueState, size_bytes: int) -> QueueState:
        while state.count and (state.count >= self._max_runs or state.size_bytes + size_bytes > self._max_bytes):
            state = _remove(transaction, _least_missed(transaction), lost=1)
        return state


def rebuilt(payloads: dict[bytes, bytes]) -> QueueState:
    """Return the figures for the runs among salvaged payloads; what is missing between them counts as dropped."""
    runs = {_number(key): payload for key, payload in payloads.items() if key.startswith(PREFIX)}
    former = decode(payloads[STATE_KEY], QueueState) if STATE_KEY in payloads else QueueState()
    return QueueState(
        next_number=max([former.next_number, *(number + 1 for number in runs)]),
        count=len(runs),
        size_bytes=sum(map(len, runs.values())),
        dropped=former.dropped + max(0, former.count - len(runs)),
    )


def _grown(state: QueueState, size_bytes: int) -> QueueState:
    return QueueState(
        next_number=state.next_number + 1, count=state.count + 1, size_bytes=state.size_bytes + size_bytes, dropped=0
    )


def _remove(transaction: Transaction, key: bytes, *, lost: int) -> QueueState:
    state = _state(transaction)
    payload = transaction.get(key)
    if payload is None:
        return state
    transaction.delete(key)
    # A dropped run may itself have carried the news of others that were dropped.
    carried = decode(payload[1:], Run).dropped_runs if lost else 0
    state = QueueState(
        next_number=state.next_number,
        count=state.count - 1,
        size_bytes=state.size_bytes - len(payload),
        dropped=state.dropped + (lost + carried if lost else 0),
    )
    transaction.put(STATE_KEY, encode(state))
    return state


def _least_missed(transaction: Transaction) -> bytes:
    first: bytes | None = None
    for key in transaction.keys(PREFIX):
        first = first or key
        if (transaction.get(key) or b"").startswith(_UNCHANGED):
            return key
    return first or b""


def _state(transaction: Transaction) -> QueueState:
    payload = transaction.get(STATE_KEY)
    return QueueState() if payload is None else decode(payload, QueueState)


def _key(number: int) -> bytes:
    return PREFIX + number.to_bytes(8, "big")


def _number(key: bytes) -> int:
    return int.from_bytes(key.removeprefix(PREFIX), "big")

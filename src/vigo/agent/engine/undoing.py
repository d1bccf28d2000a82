"""Undoing one resource that is no longer in the policy, from its record: look, plan, execute, look again."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from vigo.agent.engine.attempt import Attempt, Deadline, Execute, Kinds
from vigo.agent.engine.diff import Diffs
from vigo.agent.engine.guardrail import Guardrail
from vigo.agent.engine.holding import Holds
from vigo.agent.engine.keeping import Keeper
from vigo.agent.engine.record_index import Place
from vigo.agent.engine.things import AnyRevertible, settled, typed
from vigo.agent.engine.traces import is_back, strange
from vigo.agent.engine.undo_records import UndoRecord, UndoThing
from vigo.catalog.api import Past, ReadHost, Revertible, Trace
from vigo.catalog.ops import Op
from vigo.core.clock import Clock
from vigo.core.errors import BlockedError, DamagedError, InvalidError, VigoError
from vigo.core.run import ResourceResult

LET_GO = "to let it go as it is, declare the resource again with `on_remove: leave` and `noop: true` for one run"
UNDONE = "undone, since it is no longer in the policy"
NOTHING_TO_UNDO = "no longer in the policy; it is as it was before"

_log = logging.getLogger(__name__)


class Found(msgspec.Struct, kw_only=True):
    """What a look at the things of a record found: those to bring back, those that are back, and why others are not."""

    pasts: dict[str, tuple[AnyRevertible, Past[Any, Any]]] = {}
    back: list[str] = []
    reasons: list[str] = []


class Undoer:
    """Brings things back to what they were before; in a dry run it stops before the first change."""

    def __init__(
        self,
        host: ReadHost,
        execute: Execute,
        clock: Clock,
        *,
        kinds: Kinds,
        guardrail: Guardrail,
        keeper: Keeper,
        holds: Holds,
        dry_run: bool,
    ) -> None:
        self._host = host
        self._execute = execute
        self._clock = clock
        self._kinds = kinds
        self._guardrail = guardrail
        self._keeper = keeper
        self._holds = holds
        self._dry_run = dry_run
        self._diffs = Diffs(host)

    def undo(
        self,
        record: UndoRecord,
        names: Sequence[str],
        *,
        before_change: Callable[[], None],
        changes_ahead: int,
    ) -> ResourceResult:
        """Return how undoing these things of a record ended; no error leaves this. What is back leaves the record.

        `before_change` and `changes_ahead` are as in `Worker.work`.
        """
        started = self._clock.monotonic()
        attempt = Attempt()
        try:
            self._work(record, names, attempt, before_change)
        except VigoError as error:
            is_foreseen = self._dry_run and changes_ahead
            attempt.end_by(error, "not known in a dry run: earlier changes come first" if is_foreseen else "")
        except Exception as error:  # noqa: BLE001 - one faulty kind must not keep the machine from all the others
            _log.exception("internal fault resource=%s type=%s", record.id, record.type)
            found = f"{type(error).__name__}: {error}"
            attempt.end("failed", f"internal fault: {found}; the agent's log has the details, please report them")
        duration = self._clock.monotonic() - started
        return attempt.result(record.id, record.type, duration, dry_run=self._dry_run)

    def _work(
        self, record: UndoRecord, names: Sequence[str], attempt: Attempt, before_change: Callable[[], None]
    ) -> None:
        if record.lost:
            raise BlockedError(f"it cannot be undone: {record.lost}; {LET_GO}")
        found = self._found(record, names)
        attempt.ops = self._planned(found)
        for op in attempt.ops:
            self._guardrail.check(op)
        attempt.diff = self._diffs.of(attempt.ops, "before Vigo")
        if attempt.ops and self._is_held(record, attempt):
            return
        if not self._dry_run:
            if attempt.ops:
                before_change()
                self._carry_out(record, found, attempt)
            elif not found.reasons:
                found.back += found.pasts
            self._strike_out(record, found, is_changed=bool(attempt.ops))
        if found.reasons:
            raise BlockedError("; ".join([*found.reasons, LET_GO]))
        attempt.end(*(("changed", UNDONE) if attempt.ops else ("unchanged", NOTHING_TO_UNDO)))

    def _is_held(self, record: UndoRecord, attempt: Attempt) -> bool:
        """Return whether nothing may be undone now, and say so."""
        fields = [field for op in attempt.ops for field in op.changes]
        held = self._holds.held(record.id.partition("/")[0], fields)
        if held is not None:
            attempt.end(held.outcome, f"no longer in the policy, to be undone: {held.reason}")
        elif record.noop:
            named = ", ".join(dict.fromkeys(fields))
            attempt.end(
                "skipped", f"no longer in the policy; it was `noop: true`, otherwise undoing would change {named}"
            )
        return held is not None or record.noop

    def _found(self, record: UndoRecord, names: Sequence[str]) -> Found:
        found = Found()
        for name in names:
            thing = record.things[name]
            kind = self._kinds.get(thing.type)
            if not isinstance(kind, Revertible):
                found.reasons.append(f"{name}: this agent cannot undo the kind {thing.type!r}; update it")
                continue
            try:
                self._look(record, name, kind, found)
            except (BlockedError, DamagedError) as error:
                if isinstance(error, DamagedError):
                    _log.error("undo record damaged resource=%s thing=%s reason=%s", record.id, name, error)
                found.reasons.append(f"{name}: {error}")
        return found

    def _look(self, record: UndoRecord, name: str, kind: AnyRevertible, found: Found) -> None:
        thing = record.things[name]
        footprint, before, made = typed(kind, thing)
        now = kind.look(footprint, self._host)
        if is_back(before, now):
            found.back.append(name)
        elif changed := _changed_since(thing, before, made, now):
            found.reasons.append(
                f"{name}: expected it as this resource left it, found another {' and '.join(changed)}: somebody changed"
                " it since, so it is left alone; bring it back by hand, and the next run finds it so"
            )
        elif before.unkept is not None and (before.content is None or before.content != now.content):
            found.reasons.append(f"{name}: {before.unkept}; bring it back by hand, and the next run finds it so")
        else:
            former = self._keeper.former(Place(record.id, name)) if thing.former_bytes else None
            if former is None and thing.former_bytes:
                found.reasons.append(f"{name}: its former content was lost when the journal was damaged")
                return
            # An empty content is not worth a place of its own.
            former = b"" if former is None and before.content is not None else former
            found.pasts[name] = kind, Past(footprint, msgspec.structs.replace(before, former=former), now)

    def _planned(self, found: Found) -> tuple[Op, ...]:
        """Return the operations; what the host does not allow joins the reasons."""
        ops: list[Op] = []
        for kind in dict.fromkeys(kind for kind, _ in found.pasts.values()):
            try:
                ops.extend(kind.undo([past for one, past in found.pasts.values() if one is kind]))
            except BlockedError as error:
                found.reasons.append(str(error))
        return tuple(ops)

    def _carry_out(self, record: UndoRecord, found: Found, attempt: Attempt) -> None:
        things = {
            name: msgspec.structs.replace(thing, interrupted=thing.interrupted or name in found.pasts)
            for name, thing in record.things.items()
        }
        self._keeper.keep(msgspec.structs.replace(record, things=things))
        try:
            attempt.carry_out(self._execute, Deadline(record.timeout_seconds, self._clock))
            left = [name for name, (kind, past) in found.pasts.items() if not self._is_back(kind, past)]
        except Exception:
            self._settle(record, list(found.pasts))
            raise
        if left and not found.reasons:
            # It stays the work of this resource as it was: what somebody else made of it is not.
            self._settle(record, ())
            raise InvalidError(
                f"did not come back: {', '.join(left)} is another than before after it was undone; something changes it"
                " at once"
            )
        found.back += [name for name in found.pasts if name not in left]

    def _is_back(self, kind: AnyRevertible, past: Past[Any, Trace]) -> bool:
        return is_back(past.before, kind.look(past.footprint, self._host))

    def _strike_out(self, record: UndoRecord, found: Found, *, is_changed: bool) -> None:
        """Take what is back out of the record; what is left is from now on as undoing left it."""
        things = {name: thing for name, thing in record.things.items() if name not in found.back}
        if not things:
            self._keeper.drop(record.id)
        elif found.back or is_changed:
            left = [name for name in found.pasts if name in things] if is_changed else []
            self._settle(msgspec.structs.replace(record, things=things), left)

    def _settle(self, record: UndoRecord, names: Sequence[str]) -> None:
        """Store a record with what is there as what the resource made of these things: that is what is left of it."""
        things: dict[str, UndoThing] = dict(record.things)
        try:
            for name in names:
                kind = self._kinds[things[name].type]
                if isinstance(kind, Revertible):
                    things[name] = settled(kind, things[name], self._host)
            self._keeper.keep(msgspec.structs.replace(record, things=things))
        except VigoError as error:
            _log.warning("undo record stays open resource=%s reason=%s", record.id, error)


def _changed_since(thing: UndoThing, before: Trace, made: Trace | None, now: Trace) -> tuple[str, ...]:
    """Return what somebody changed since the resource did.

    Where a run was killed in the middle, anything may be half-done: only a content that is none of those that Vigo
    knows is somebody else's.
    """
    if not thing.interrupted:
        return strange(now, before, made)
    known = {"", before.content, *thing.writes, *(() if made is None else (made.content,))}
    return ("content",) if now.content is not None and now.content not in known else ()

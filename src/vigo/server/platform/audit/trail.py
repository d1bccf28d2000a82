"""The audit trail: a row for each privileged act, chained by hashes, written with the act or not at all."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, insert, select

from vigo.core.clock import Clock
from vigo.core.encoding import digest_of
from vigo.core.errors import DamagedError
from vigo.core.ids import Digest
from vigo.server.platform.audit.provenance import source_now, trace_now
from vigo.server.platform.db.tables import audit

_START: Final = Digest("0" * 64)
_MOST_CHARACTERS: Final = 200
_MOST_SOURCE: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to what."""

    actor: str
    action: str
    subject: str
    detail: dict[str, Any] = {}
    outcome: "ActOutcome" = "done"
    source: str = msgspec.field(default_factory=source_now)
    """From which address it came; empty for what the server does by itself."""
    trace_id: str = msgspec.field(default_factory=trace_now)


ActOutcome = Literal["done", "refused"]


class AuditRow(msgspec.Struct, frozen=True):
    """A row as it is stored, but for its hash. Those of before version 0009 have no outcome, source and trace id."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    outcome: str | None
    source: str | None
    trace_id: str | None

    def hash(self, former: str) -> Digest:
        """Return what the next row's hash covers."""
        microseconds = (self.at - _EPOCH) // timedelta(microseconds=1)
        later = [] if self.outcome is None else [self.outcome, self.source, self.trace_id]
        return digest_of(
            [former, self.number, microseconds, self.actor, self.action, self.subject, self.detail, *later]
        )


class Trail:
    """Appends to the trail."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def append(self, connection: Connection, act: Act) -> None:
        """Write the act's row in the transaction of the act, so that neither exists without the other."""
        last = connection.execute(select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)).first()
        number, former = (0, _START) if last is None else (last.number, last.hash)
        row = AuditRow(
            number + 1,
            self._clock.now(),
            act.actor[:_MOST_CHARACTERS],
            act.action,
            act.subject[:_MOST_CHARACTERS],
            msgspec.json.encode(act.detail, order="sorted").decode(),
            act.outcome,
            act.source[:_MOST_SOURCE],
            act.trace_id,
        )
        connection.execute(insert(audit).values(**msgspec.structs.asdict(row), hash=row.hash(former)))


def row_of(found: Any) -> AuditRow:
    """Return what a row of the database says."""
    return AuditRow(*(getattr(found, name) for name in AuditRow.__struct_fields__))


class Checked(NamedTuple):
    """How far a trail was checked: so many rows, and the hash of the last of them."""

    rows: int
    last_hash: str


UNCHECKED: Final = Checked(0, _START)


def verify(connection: Connection, before: Checked = UNCHECKED) -> Checked:
    """Return how far the trail holds, after checking each row against the hash before it, from a former check on.

    Raises:
        DamagedError: a row was altered, dropped from the middle or moved.
    """
    count, former = before
    for found in connection.execute(select(audit).where(audit.c.number > count).order_by(audit.c.number)):
        row = row_of(found)
        if row.number != count + 1 or found.hash != row.hash(former):
            raise DamagedError(
                f"the audit trail does not hold from row {count + 1} on (of {row.at:%Y-%m-%d %H:%M:%S} UTC): a row was"
                " altered or removed; compare it with a backup"
            )
        former, count = found.hash, count + 1
    return Checked(count, former)

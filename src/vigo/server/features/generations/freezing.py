"""Times in which nothing is published. A freeze outlives a restart and lapses by itself."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.errors import ConflictError, InvalidError
from vigo.server.features.generations import store
from vigo.server.features.generations.models import Freeze, NewFreeze, Unfrozen
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database

_log = logging.getLogger(__name__)

LONGEST: Final = timedelta(days=365)
_MOST_REASON: Final = 2000
_SUBJECT: Final = "generations"


class Freezing:
    """Whether something may be published, and who decides that."""

    def __init__(self, database: Database, trail: Trail, clock: Clock) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock

    async def freeze(self, actor: Actor, wanted: NewFreeze) -> Freeze:
        """Refuse publications until a moment. A freeze that is in force already is replaced.

        Raises:
            InvalidError: there is no reason, or no end within a year.
        """
        actor.require(Permission.FREEZE_GENERATIONS)
        now = self._clock.now()
        freeze = Freeze(until=_end(wanted, now), reason=_reason(wanted.reason), frozen_by=actor.name, frozen_at=now)
        detail = {"until": freeze.until.isoformat(), "reason": freeze.reason}
        act = Act(actor=actor.name, action="generation.freeze", subject=_SUBJECT, detail=detail)

        def job(connection: Connection) -> None:
            self._trail.append(connection, act)
            store.add_freeze(connection, freeze)

        await self._database.write(job)
        _log.info("nothing is published until %s, says %s: %s", freeze.until, actor.name, freeze.reason)
        return freeze

    async def unfreeze(self, actor: Actor) -> Unfrozen:
        """End the freeze that is in force. Where none is, nothing happens."""
        actor.require(Permission.FREEZE_GENERATIONS)
        now = self._clock.now()

        def job(connection: Connection) -> Freeze | None:
            freeze = store.freeze_in_force(connection, now)
            if freeze is not None:
                detail = {"until": freeze.until.isoformat(), "reason": freeze.reason, "frozen_by": freeze.frozen_by}
                act = Act(actor=actor.name, action="generation.unfreeze", subject=_SUBJECT, detail=detail)
                self._trail.append(connection, act)
                store.lift_freeze(connection, now)
            return freeze

        return Unfrozen(freeze=await self._database.write(job))

    def in_force(self, connection: Connection) -> Freeze | None:
        """Return the freeze that is in force, as the transaction sees it."""
        return store.freeze_in_force(connection, self._clock.now())

    def check(self, connection: Connection) -> None:
        """Return when something may be published.

        Raises:
            ConflictError: a freeze is in force.
        """
        freeze = self.in_force(connection)
        if freeze is not None:
            raise ConflictError(
                f"{freeze.frozen_by} froze the live generation until {freeze.until:%Y-%m-%d %H:%M:%S} UTC:"
                f" {freeze.reason}. Nothing was published; wait, or lift the freeze with `vigocli config unfreeze` and"
                " do it again"
            )


def _end(wanted: NewFreeze, now: datetime) -> datetime:
    if (wanted.until is None) == (wanted.ttl_seconds is None):
        raise InvalidError("expected either `until` or `ttl_seconds`, found both or none; give one")
    if wanted.until is None:
        longest = int(LONGEST.total_seconds())
        seconds = wanted.ttl_seconds or 0
        if not 0 < seconds <= longest:
            raise InvalidError(f"expected a freeze of 1 to {longest} seconds, found {seconds}")
        return now + timedelta(seconds=seconds)
    until = wanted.until
    if not now < until <= now + LONGEST:
        raise InvalidError(
            f"expected an end of the freeze after now, {now:%Y-%m-%d %H:%M:%S} UTC, and within {LONGEST.days} days,"
            f" found {until.isoformat(' ')}"
        )
    return until.astimezone(UTC)


def _reason(text: str) -> str:
    reason = text.strip()
    if not 0 < len(reason) <= _MOST_REASON:
        raise InvalidError(f"expected a reason of 1 to {_MOST_REASON} characters, found none such; say why")
    return reason

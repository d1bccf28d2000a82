"""Having envoys check in now, over the streams that they hold."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from vigo.core.errors import InvalidError
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.pushes.models import NewPush, Push, PushedEnvoy
from vigo.server.features.streams.service import StreamService, spread
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database

_LONGEST: Final = timedelta(hours=1)


class PushService:
    """Asks envoys to check in."""

    def __init__(self, database: Database, trail: Trail, envoys: EnvoyService, streams: StreamService) -> None:
        self._database = database
        self._trail = trail
        self._envoys = envoys
        self._streams = streams

    async def push(self, actor: Actor, new: NewPush) -> Push:
        """Ask all envoys of a target that are connected, and return what became of each.

        Raises:
            InvalidError: the target says nothing, or cannot be understood.
            NotFoundError: nobody fits it.
            UnavailableError: the act cannot be written into the audit trail; nobody was asked.
        """
        actor.require(Permission.PUSH_ENVOYS)
        meant = await self._envoys.targeted(actor, new.target)
        within = _within(new, len(meant))
        connected = [record for record in meant if self._streams.connected_since(record.id) is not None]
        if new.dry_run:
            told = {record.id for record in connected}
        else:
            detail = {"target": new.target.text(), "meant": len(meant), "connected": len(connected)}
            act = Act(actor=actor.name, action="envoys.push", subject=_subject(meant), detail=detail)
            await self._database.write(lambda connection: self._trail.append(connection, act))
            told = self._streams.have_check_in([record.id for record in connected], within)
        items = tuple(
            PushedEnvoy(id=record.id, hostname=record.hostname, state="told" if record.id in told else "not-connected")
            for record in meant
        )
        return Push(items=items, within_seconds=within.total_seconds())


def _within(new: NewPush, envoys: int) -> timedelta:
    if new.within_seconds is None:
        return spread(envoys)
    if not 0 <= new.within_seconds <= _LONGEST.total_seconds():
        raise InvalidError(
            f"within_seconds: expected 0 to {_LONGEST.total_seconds():g}, found {new.within_seconds:g}; correct it"
        )
    return timedelta(seconds=new.within_seconds)


def _subject(meant: Sequence[EnvoyRecord]) -> str:
    return meant[0].id if len(meant) == 1 else f"{len(meant)} envoys"

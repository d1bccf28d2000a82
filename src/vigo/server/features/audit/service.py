"""Who did what, and whether the trail of it holds."""

from collections.abc import AsyncIterator
from typing import Final

from vigo.core.errors import DamagedError
from vigo.server.features.audit import store
from vigo.server.features.audit.models import AuditChain, AuditFilter, AuditItem, AuditList
from vigo.server.platform.audit.trail import UNCHECKED, verify
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database

_AT_ONCE: Final = 1_000


class AuditService:
    """Reads the trail; only the services write it, each with its acts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._checked = UNCHECKED

    async def list(self, actor: Actor, wanted: AuditFilter) -> AuditList:
        """Return a page of acts, the newest first."""
        actor.require(Permission.READ_AUDIT)
        items, following = await self._database.read(lambda connection: store.page(connection, wanted))
        return AuditList(items=items, next_cursor=None if following is None else str(following))

    async def chain(self, actor: Actor, *, whole: bool = True) -> AuditChain:
        """Return whether each row's hash fits the row and the hash before it.

        Not the whole one is what came since the last check, all at the first: a page that is opened asks for that.
        """
        actor.require(Permission.READ_AUDIT)
        before = UNCHECKED if whole else self._checked
        try:
            self._checked = await self._database.read(lambda connection: verify(connection, before))
        except DamagedError as error:
            self._checked = UNCHECKED
            return AuditChain(rows=0, holds=False, problem=str(error), last_hash=None)
        rows, last_hash = self._checked
        return AuditChain(rows=rows, holds=True, problem=None, last_hash=last_hash if rows else None)

    def export(self, actor: Actor) -> AsyncIterator[AuditItem]:
        """Return all acts, the oldest first, with what it takes to check the chain elsewhere."""
        actor.require(Permission.READ_AUDIT)
        return self._everything()

    async def _everything(self) -> AsyncIterator[AuditItem]:
        number = 0
        while True:
            begin = number
            items = await self._database.read(lambda connection: store.after(connection, begin, _AT_ONCE))  # noqa: B023 - it is awaited at once
            for item in items:
                yield item
            if not items:
                return
            number = items[-1].number

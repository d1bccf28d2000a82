"""The queue of machines that ask to be let in without a token, until somebody decides."""

import logging
from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.enrolment import WaitAnswer
from vigo.core.errors import ConflictError, ForbiddenError, NotFoundError, UnauthenticatedError, UnavailableError
from vigo.core.labels import Labels, check_labels
from vigo.server.features.enrolment import store
from vigo.server.features.enrolment.leave import ApprovedLeave
from vigo.server.features.enrolment.models import Waiting, WaitingItem
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database
from vigo.server.platform.settings.model import CurrentSettings

KEPT_FOR: Final = timedelta(days=1)
"""How long a machine waits, an approval holds, and a denial is remembered."""

ASK_AGAIN: Final = timedelta(seconds=5)
_SHARE: Final = 10
"""One address may fill no more than a tenth of the queue."""

_log = logging.getLogger(__name__)


class ApprovalQueue:
    """Who asks, and what was decided."""

    def __init__(
        self, database: Database, trail: Trail, clock: Clock, settings: CurrentSettings, envoys: EnvoyService
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._settings = settings
        self._envoys = envoys

    async def asked(self, hostname: str, signing_key: bytes, source: str) -> ApprovedLeave | WaitAnswer:
        """Return the leave of a machine that was approved, or what one hears that has to wait.

        Raises:
            ForbiddenError: it was denied.
            UnauthenticatedError: this server lets nobody in without a token.
            UnavailableError: too many wait already.
        """
        if not self._settings.value.most_waiting_enrolments:
            raise UnauthenticatedError(
                "expected an enrolment token, found none; make one with `vigocli tokens create` on the server's host"
            )
        now = self._clock.now()
        found = await self._database.read(lambda connection: store.find(connection, signing_key))
        if found is None or found.expires_at <= now or found.hostname != hostname:
            found = await self._queued(
                Waiting(
                    signing_key=signing_key,
                    hostname=hostname,
                    source=source,
                    asked_at=now,
                    expires_at=now + KEPT_FOR,
                )
            )
        if found.state == "denied":
            raise ForbiddenError(f"{found.decided_by} denied this machine to come in; ask again after {KEPT_FOR}")
        if found.state == "approved":
            return ApprovedLeave(found)
        return WaitAnswer(
            fingerprint=found.fingerprint,
            ask_again_seconds=int(ASK_AGAIN.total_seconds()),
            expires_at=found.expires_at,
        )

    async def list(self, actor: Actor) -> tuple[WaitingItem, ...]:
        """Return who waits or was decided on lately, of the machines that an actor may act on."""
        actor.require(Permission.READ_ENROLMENTS)
        now = self._clock.now()
        found = await self._database.read(store.everyone)
        return tuple(self._item(one) for one in found if one.expires_at > now and actor.covers(one.hostname))

    async def approve(self, actor: Actor, name: str, labels: Labels) -> WaitingItem:
        """Let a machine in, which is told by its hostname or its fingerprint. It comes in when it asks again.

        Raises:
            ConflictError: an active envoy has the hostname, or several machines ask by this name.
            InvalidError: a label is not accepted.
            NotFoundError: none such waits.
        """
        check_labels(labels)
        return await self._decide(actor, name, "approved", labels)

    async def deny(self, actor: Actor, name: str) -> WaitingItem:
        """Deny a machine to come in, also one that was approved and has not come yet.

        Raises: as `approve`.
        """
        return await self._decide(actor, name, "denied", {})

    async def _decide(self, actor: Actor, name: str, state: str, labels: Labels) -> WaitingItem:
        actor.require(Permission.DECIDE_ENROLMENTS)
        found = self._meant(name, await self._database.read(store.everyone))
        await self._envoys.require_machines(actor, [found.hostname])
        now = self._clock.now()
        decided = msgspec.structs.replace(
            found, state=state, decided_by=actor.name, labels=labels, expires_at=now + KEPT_FOR
        )
        detail = {"hostname": found.hostname, "source": found.source, "labels": labels}
        act = Act(actor=actor.name, action=f"enrol.{state}", subject=found.fingerprint, detail=detail)

        def job(connection: Connection) -> None:
            if state == "approved" and self._envoys.active_named(connection, found.hostname) is not None:
                raise ConflictError(
                    f"the hostname {found.hostname} belongs to an envoy that is active; if that machine is gone, run"
                    f" `vigocli envoys revoke {found.hostname}` first, and if it is the same one, enrol it with a token"
                )
            present = store.find(connection, found.signing_key)
            if present is None or present.envoy is not None or present.hostname != found.hostname:
                raise ConflictError(f"{found.hostname} has come in or asked anew meanwhile; look again")
            self._trail.append(connection, act)
            store.put(connection, decided)

        await self._database.write(job)
        _log.info("%s (%s) was %s by %s", found.hostname, found.fingerprint, state, actor.name)
        return self._item(decided)

    def _meant(self, name: str, every: tuple[Waiting, ...]) -> Waiting:
        now = self._clock.now()
        wanted = name.lower().removesuffix(".")
        found = [one for one in every if one.expires_at > now and wanted in (one.hostname, one.fingerprint)]
        if not found:
            raise NotFoundError(
                f"expected the hostname or the fingerprint of a machine that waits, found {name[:80]!r};"
                " `vigocli enrol pending` shows them"
            )
        if len(found) > 1:
            keys = ", ".join(one.fingerprint for one in found)
            raise ConflictError(
                f"{len(found)} machines ask to be {wanted}: compare the fingerprints with what `vigo enroll` prints on"
                f" the right one, and give that instead of the name: {keys}"
            )
        return found[0]

    async def _queued(self, waiting: Waiting) -> Waiting:
        most = self._settings.value.most_waiting_enrolments
        detail = {"hostname": waiting.hostname, "fingerprint": waiting.fingerprint}
        act = Act(actor=f"address {waiting.source}", action="enrol.asked", subject=waiting.hostname, detail=detail)

        def job(connection: Connection) -> None:
            store.remove_expired(connection, waiting.asked_at)
            every, own = store.counts(connection, waiting.source)
            if every >= most or own >= max(most // _SHARE, 1):
                raise UnavailableError(
                    "too many machines wait for an approval already; try again later, or enrol with a token"
                )
            self._trail.append(connection, act)
            store.put(connection, waiting)

        await self._database.write(job)
        _log.info("%s asks to come in from %s, key %s", waiting.hostname, waiting.source, waiting.fingerprint)
        return waiting

    def _item(self, waiting: Waiting) -> WaitingItem:
        present = self._envoys.index.named(waiting.hostname)
        return WaitingItem(
            fingerprint=waiting.fingerprint,
            hostname=waiting.hostname,
            source=waiting.source,
            asked_at=waiting.asked_at,
            expires_at=waiting.expires_at,
            state=waiting.state,
            decided_by=waiting.decided_by,
            labels=waiting.labels,
            takes_place_of=present.id if present is not None and present.is_active else None,
        )

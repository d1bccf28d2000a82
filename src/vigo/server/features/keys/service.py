"""Replacing the CA and the policy key, step by step, and not before the envoys are ready for the next one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from vigo.core.errors import ConflictError, NotFoundError, VigoError
from vigo.core.trust import SignedTrust
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.keys.models import KeyItem
from vigo.server.features.streams.service import StreamService
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database
from vigo.server.platform.pki.keyring import SUBJECTS, Keyring, Subject

_NAMED: Final = 5

_log = logging.getLogger(__name__)

Changed = Callable[[], Awaitable[None]]
"""Has the listeners take other certificates and other CAs."""


async def _nothing() -> None:
    """Do nothing: nobody listens yet."""


class KeyService:
    """The steps of rotations."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        keyring: Keyring,
        envoys: EnvoyService,
        streams: StreamService,
    ) -> None:
        self._database = database
        self._trail = trail
        self._keyring = keyring
        self._envoys = envoys
        self._streams = streams
        self._stepping = asyncio.Lock()
        self.changed: Changed = _nothing

    @property
    def version(self) -> int:
        """The newest document of whom to trust."""
        return self._keyring.trust.version

    def everything(self, actor: Actor) -> tuple[KeyItem, ...]:
        """Return how both are."""
        actor.require(Permission.READ_KEYS)
        return tuple(self.item(subject) for subject in SUBJECTS)

    def documents(self, version: int) -> tuple[SignedTrust, ...]:
        """Return the documents of whom to trust that follow a version: they are for everybody, and signed."""
        return self._keyring.documents_after(version)

    async def begin(self, actor: Actor, subject_name: str) -> KeyItem:
        """Make the next one, and have agents trust both.

        Raises:
            ConflictError: it is being replaced already.
            NotFoundError: there is nothing of this name.
        """
        return await self._step(actor, subject_name, "begin", self._keyring.begin, force=True)

    async def switch(self, actor: Actor, subject_name: str, *, force: bool) -> KeyItem:
        """Sign with the next one from now on.

        Raises:
            ConflictError: envoys do not know of it yet, or the steps before were not taken.
            NotFoundError: there is nothing of this name.
        """
        return await self._step(actor, subject_name, "switch", self._keyring.switch, force=force)

    async def retire(self, actor: Actor, subject_name: str, *, force: bool) -> KeyItem:
        """Have agents trust the next one alone.

        Raises: as `switch`.
        """
        return await self._step(actor, subject_name, "retire", self._keyring.retire, force=force)

    async def cancel(self, actor: Actor, subject_name: str) -> KeyItem:
        """Have agents forget the next one, which signs nothing yet.

        Raises: as `switch`.
        """
        return await self._step(actor, subject_name, "cancel", self._keyring.cancel, force=True)

    def item(self, subject: Subject) -> KeyItem:
        """Return how one of the two is."""
        keyring, rotation = self._keyring, self._keyring.rotation(subject)
        behind = self._behind(subject)
        active = [record for record in self._envoys.index.everyone() if record.is_active]
        return KeyItem(
            subject=subject,
            fingerprint=keyring.present_of(subject),
            ends_at=keyring.presenting.not_after if subject == "ca" else None,
            next_fingerprint=keyring.next_of(subject),
            next_ends_at=keyring.next_ca_ends_at if subject == "ca" else None,
            phase=None if rotation is None else rotation.phase,
            begun_at=None if rotation is None else rotation.begun_at,
            envoys=len(active),
            behind=len(behind),
            behind_hostnames=tuple(record.hostname for record in behind[:_NAMED]),
            advice=self._advice(subject, len(behind)),
        )

    async def _step(
        self, actor: Actor, subject_name: str, what: str, step: Callable[[Subject], None], *, force: bool
    ) -> KeyItem:
        actor.require(Permission.ROTATE_KEYS)
        subject = next((one for one in SUBJECTS if one == subject_name), None)
        if subject is None:
            raise NotFoundError(f"expected {' or '.join(SUBJECTS)}, found {subject_name[:40]!r}")
        async with self._stepping:
            behind = self._behind(subject)
            if behind and not force:
                names = ", ".join(record.hostname for record in behind[:_NAMED])
                raise ConflictError(
                    f"expected all envoys to be ready, found {len(behind)} behind: {names}; wait until they have"
                    " checked in, revoke those that are gone, or give --force: those that were away follow when they"
                    " come back"
                )
            detail = {"subject": subject, "force": force, "behind": len(behind)}
            act = Act(actor=actor.name, action=f"keys.{what}", subject=subject, detail=detail)
            # The audit trail first: a step that it cannot hold is not taken.
            await self._database.write(lambda connection: self._trail.append(connection, act))
            await asyncio.to_thread(step, subject)
            _log.info("%s of the %s by %s", what, subject, actor.name)
            await self._follow(subject, what)
        return self.item(subject)

    async def _follow(self, subject: Subject, what: str) -> None:
        """Have the listeners and the envoys hear of it."""
        if subject == "ca" and what != "switch":
            try:
                await self.changed()
            except (VigoError, OSError):  # the step is taken; the next look at the certificate tries again
                _log.exception("the listeners could not take the other CA")
        self._streams.have_check_in([one.id for one in self._envoys.index.everyone() if one.is_active])

    def _behind(self, subject: Subject) -> list[EnvoyRecord]:
        """Return the active envoys that the next step waits for."""
        rotation = self._keyring.rotation(subject)
        if rotation is None:
            return []
        active = [record for record in self._envoys.index.everyone() if record.is_active]
        if rotation.phase == "begun" or subject == "policy":
            return [record for record in active if record.trust_version < rotation.version]
        issuing = self._keyring.issuing.sha256
        return [
            record for record in active if record.trust_version < rotation.version or record.certificate_ca != issuing
        ]

    def _advice(self, subject: Subject, behind: int) -> str:
        rotation = self._keyring.rotation(subject)
        if rotation is None:
            return ""
        following = "switch" if rotation.phase == "begun" else "retire"
        wait = ", once all have checked in" if behind else ""
        return f"vigocli keys {following} {subject}{wait}"

"""Making envoys of machines that have leave to come in, each in one transaction."""

import logging
from typing import NamedTuple

from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.enrolment import EnrolRequest
from vigo.core.errors import ForbiddenError, InternalError, UnauthenticatedError
from vigo.core.ids import EnvoyId, new_envoy_id
from vigo.core.signing import VerifyKey
from vigo.server.features.enrolment.leave import Leave
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.db.database import Database
from vigo.server.platform.pki.authority import Issued
from vigo.server.platform.pki.keyring import Keyring
from vigo.server.platform.pki.requests import EnvoyKey
from vigo.server.platform.settings.model import CurrentSettings

_log = logging.getLogger(__name__)


class Comer(NamedTuple):
    """A machine that comes in: its name, its keys, and the request that proves them."""

    hostname: str
    signing_key: VerifyKey
    key: EnvoyKey
    request: EnrolRequest


class _Present(NamedTuple):
    """The envoy that has the name already: is this its enrolment told twice, or one anew with proof of its key?"""

    envoy: EnvoyId
    is_repeat: bool


class Admission:
    """The one place where envoys are made."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        settings: CurrentSettings,
        keyring: Keyring,
        envoys: EnvoyService,
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._settings = settings
        self._keyring = keyring
        self._envoys = envoys

    async def admit(self, comer: Comer, leave: Leave) -> tuple[EnvoyId, Issued]:
        """Store a new envoy and its use of the leave, or find the one that this machine is already.

        Raises:
            ConflictError: an active envoy has the hostname, and the machine did not prove that it is that one.
            ForbiddenError: the proof of the former key is none.
            UnauthenticatedError: the leave is used up.
        """
        now = self._clock.now()

        def job(connection: Connection) -> tuple[_Present | None, EnvoyRecord, Issued]:
            present = self._present(connection, comer, leave)
            envoy_id = new_envoy_id() if present is None else present.envoy
            lifetime = self._settings.value.envoy_certificate_lifetime
            issued = self._keyring.issuing.issue_envoy(comer.key, envoy_id, comer.hostname, lifetime)
            record = EnvoyRecord(
                envoy_id, comer.hostname, comer.signing_key.public, now, issued.not_after, leave.labels, issued.ca
            )
            if present is None:
                self._envoys.add(connection, record)
            else:
                self._envoys.set_certificate(connection, envoy_id, issued)
            if present is not None and not present.is_repeat:
                self._envoys.set_key(connection, envoy_id, record.signing_key, record.labels)
            if present is None or not present.is_repeat:
                leave.use(connection, envoy_id, comer.hostname)
            self._trail.append(connection, _act(comer, leave, envoy_id, present))
            return present, record, issued

        def then(done: tuple[_Present | None, EnvoyRecord, Issued]) -> None:
            present, record, issued = done
            if present is None:
                self._envoys.index.add(record)
            else:
                self._found(record.id).certified(issued.not_after, issued.ca)
            if present is not None and not present.is_repeat:
                self._envoys.enrolled_anew(self._found(record.id), record.signing_key, record.labels)
            how = "enrolled" if present is None or present.is_repeat else "enrolled anew with proof of its key"
            _log.info("%s %s as %s by %s", comer.hostname, how, record.id, leave.actor)

        _, record, issued = await self._database.write(job, then)
        return record.id, issued

    def _present(self, connection: Connection, comer: Comer, leave: Leave) -> _Present | None:
        """Return the active envoy that the machine is already, if it is one."""
        present = self._envoys.active_named(connection, comer.hostname)
        if present is None:
            return None
        envoy, key = present
        if key == comer.signing_key.public and leave.was_used_by(connection, envoy):
            return _Present(envoy, is_repeat=True)
        if comer.request.former != envoy:
            return None
        try:
            VerifyKey(key).verify(comer.request.former_message(), bytes.fromhex(comer.request.former_signature))
        except (ValueError, UnauthenticatedError) as error:
            raise ForbiddenError(
                f"expected proof of the key that the envoy of {comer.hostname} has now, found another signature; where"
                f" that key is lost run `vigocli envoys revoke {comer.hostname}`, then enrol the machine as a new one"
            ) from error
        return _Present(envoy, is_repeat=False)

    def _found(self, envoy_id: EnvoyId) -> EnvoyRecord:
        record = self._envoys.find(envoy_id)
        if record is None:
            raise InternalError(f"the envoy {envoy_id} is in the database and not in memory; restart vigosrv")
        return record


def _act(comer: Comer, leave: Leave, envoy: EnvoyId, present: _Present | None) -> Act:
    detail = {
        "hostname": comer.hostname,
        **leave.detail,
        "repeat": present is not None and present.is_repeat,
        "anew": present is not None and not present.is_repeat,
    }
    return Act(actor=leave.actor, action="envoy.enrol", subject=envoy, detail=detail)

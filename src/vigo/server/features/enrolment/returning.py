"""The way back for envoys whose certificate ended, or whose CA was retired, while they were off.

The proof is that of the signing key, and nothing else.
"""

import logging
from datetime import timedelta

from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.enrolment import ReturnAnswer, ReturnRequest
from vigo.core.errors import ConflictError, LapsedError, ReplayedError, UnauthenticatedError
from vigo.core.ids import EnvoyId, ServerId
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.gate import MOST_SEQUENCE
from vigo.server.platform.db.database import Database
from vigo.server.platform.pki.keyring import Keyring
from vigo.server.platform.pki.requests import requested_key
from vigo.server.platform.settings.model import CurrentSettings

_log = logging.getLogger(__name__)


class Returns:
    """Gives a certificate to an envoy that lacks one."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        settings: CurrentSettings,
        server: ServerId,
        keyring: Keyring,
        envoys: EnvoyService,
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._settings = settings
        self._server = server
        self._keyring = keyring
        self._envoys = envoys

    async def come_back(self, request: ReturnRequest, source: str) -> ReturnAnswer:
        """Return a certificate for the key of the request.

        Raises:
            UnauthenticatedError: no active envoy has this identity and this signing key; which of both is not told.
            ConflictError: its certificate holds still.
            LapsedError: it ended too long ago.
            ReplayedError: the request was seen before.
            InvalidError: it holds no signing request that is accepted.
        """
        record = self._proven(request)
        now = self._clock.now()
        lapsed_for = now - record.certificate_not_after
        if lapsed_for < timedelta(0) and not self._keyring.has_retired(record.certificate_ca):
            raise ConflictError(
                f"the certificate of {record.hostname} holds until {record.certificate_not_after:%Y-%m-%d %H:%M} UTC"
                f" and now it is {now:%Y-%m-%d %H:%M} UTC here; check the clocks of both machines, or enrol with"
                " --force"
            )
        longest = self._settings.value.lapsed_envoys_return_within
        if lapsed_for > longest:
            raise LapsedError(
                f"the certificate of {record.hostname} ended {lapsed_for.days} days ago, and envoys come back by"
                f" themselves within {longest.days} days (lapsed_envoys_return_within); run `vigo enroll --force` with"
                " a token: the machine stays the same envoy"
            )
        if not record.sequence < request.sequence <= MOST_SEQUENCE:
            raise ReplayedError(f"expected a sequence above {record.sequence}, found {request.sequence}")
        key = requested_key(request.csr_pem)
        lifetime = self._settings.value.envoy_certificate_lifetime
        issued = self._keyring.issuing.issue_envoy(key, record.id, record.hostname, lifetime)
        detail = {"hostname": record.hostname, "source": source, "lapsed_days": max(lapsed_for.days, 0)}
        act = Act(actor=f"envoy {record.hostname}", action="envoy.return", subject=record.id, detail=detail)

        def job(connection: Connection) -> None:
            self._trail.append(connection, act)
            self._envoys.set_certificate(connection, record.id, issued)
            self._envoys.set_sequence(connection, record.id, request.sequence)

        def then(_: None) -> None:
            record.certified(issued.not_after, issued.ca)
            record.sequence = max(record.sequence, request.sequence)
            _log.info("%s is back with another certificate", record.hostname)

        await self._database.write(job, then)
        return ReturnAnswer(certificate_pem=issued.pem)

    def _proven(self, request: ReturnRequest) -> EnvoyRecord:
        refusal = UnauthenticatedError(
            "expected an active envoy and a signature of its key, found another; enrol the machine with a token"
        )
        record = self._envoys.find(EnvoyId(request.envoy))
        if record is None or not record.is_active or request.server != self._server:
            raise refusal
        if not 0 <= request.sequence <= MOST_SEQUENCE:
            raise refusal
        try:
            record.key.verify(request.signed_message(), bytes.fromhex(request.signature))
        except (ValueError, UnauthenticatedError) as error:
            raise refusal from error
        return record

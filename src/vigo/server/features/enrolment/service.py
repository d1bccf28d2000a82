"""Giving machines an identity, and a new certificate when the old one nears its end or has passed it."""

import logging
from collections.abc import Awaitable, Coroutine
from typing import Final, TypeVar

import msgspec
from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.enrolment import EnrolAnswer, EnrolRequest, ReturnAnswer, ReturnRequest, WaitAnswer
from vigo.core.errors import (
    ForbiddenError,
    InternalError,
    InvalidError,
    UnauthenticatedError,
    UnavailableError,
    VigoError,
)
from vigo.core.hostnames import canonical_hostname
from vigo.core.ids import EnvoyId, ServerId
from vigo.core.signing import VerifyKey
from vigo.server.features.enrolment.admission import Admission, Comer
from vigo.server.features.enrolment.leave import Leave, TokenLeave
from vigo.server.features.enrolment.queue import ApprovalQueue
from vigo.server.features.enrolment.returning import Returns
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.tokens.service import TokenService
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.failures import FailureLimit
from vigo.server.platform.auth.pace import Pace
from vigo.server.platform.db.database import Database
from vigo.server.platform.pki.keyring import Keyring
from vigo.server.platform.pki.requests import requested_key
from vigo.server.platform.settings.addresses import PublicAddresses
from vigo.server.platform.settings.model import CurrentSettings

_log = logging.getLogger(__name__)

AnswerT = TypeVar("AnswerT")

MOST_ASKED_IN_A_MINUTE: Final = 1_200
"""By one address for approvals: a hundred machines behind it ask every five seconds."""

_SHOWN: Final = 80


class ServerIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What an enrolled machine learns of this server, and what signs its certificate."""

    server: ServerId
    keyring: Keyring
    addresses: PublicAddresses


class EnrolmentService:
    """Enrols machines and renews their certificates."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        settings: CurrentSettings,
        identity: ServerIdentity,
        tokens: TokenService,
        envoys: EnvoyService,
        queue: ApprovalQueue,
    ) -> None:
        self._database = database
        self._trail = trail
        self._settings = settings
        self._identity = identity
        self._tokens = tokens
        self._envoys = envoys
        self._limit = FailureLimit(clock, "enrolments", lambda: settings.value.enrolment_failures_per_minute)
        self._pace = Pace(clock, MOST_ASKED_IN_A_MINUTE)
        self._admission = Admission(database, trail, clock, settings, identity.keyring, envoys)
        self._returns = Returns(database, trail, clock, settings, identity.server, identity.keyring, envoys)
        self.queue = queue

    @property
    def ca_pem(self) -> str:
        """The certificate of the CA that this server's own is from."""
        return self._identity.keyring.presenting.pem

    async def enrol(self, request: EnrolRequest, source: str) -> EnrolAnswer | WaitAnswer:
        """Return a machine's identity, or what one hears that has to wait for an approval.

        A repeat with the same token, hostname and signing key yields the same identity; so does an enrolment with
        proof of the key that the envoy had before.

        Raises:
            UnauthenticatedError: the token is not in force.
            ForbiddenError: the token is for other hostnames, a signature is none, or somebody denied it.
            ConflictError: an active envoy has the hostname.
            InvalidError: the request holds what no agent sends.
            UnavailableError: this address was refused too often, or nothing can be stored now.
        """
        return await self._limited(source, request.hostname, "enrol.refused", self._enrol(request, source))

    async def come_back(self, request: ReturnRequest, source: str) -> ReturnAnswer:
        """Return a certificate for an envoy whose own has ended. The errors are those of `Returns`, and of floods."""
        return await self._limited(source, request.envoy, "return.refused", self._returns.come_back(request, source))

    async def renew(self, envoy_id: EnvoyId, csr_pem: str) -> str:
        """Return a new certificate for an enrolled envoy.

        Raises:
            InvalidError: the signing request is none, or its key is not accepted.
        """
        key = requested_key(csr_pem)
        record = self._record(envoy_id)
        lifetime = self._settings.value.envoy_certificate_lifetime
        issued = self._identity.keyring.issuing.issue_envoy(key, record.id, record.hostname, lifetime)
        act = Act(actor=f"envoy {record.hostname}", action="certificate.renew", subject=envoy_id)

        def job(connection: Connection) -> None:
            self._trail.append(connection, act)
            self._envoys.set_certificate(connection, record.id, issued)

        def then(_: None) -> None:
            record.certified(issued.not_after, issued.ca)

        await self._database.write(job, then)
        return issued.pem

    async def _enrol(self, request: EnrolRequest, source: str) -> EnrolAnswer | WaitAnswer:
        hostname = canonical_hostname(request.hostname)
        if not request.token:
            # Asking is free of guesses, and so no failure; it is not free of work.
            self._pace.take(EnvoyId(f"address {source}"), 1)
        signing_key = _signing_key(request)
        leave: Leave
        if request.token:
            leave = TokenLeave(self._tokens, await self._tokens.find(request.token, hostname))
            key = requested_key(request.csr_pem)
        else:
            key = requested_key(request.csr_pem)
            asked = await self.queue.asked(hostname, signing_key.public, source)
            if isinstance(asked, WaitAnswer):
                return asked
            leave = asked
        envoy_id, issued = await self._admission.admit(Comer(hostname, signing_key, key, request), leave)
        identity = self._identity
        return EnrolAnswer(
            envoy=envoy_id,
            hostname=hostname,
            certificate_pem=issued.pem,
            ca_pem=identity.keyring.trust.ca_pem,
            policy_keys=identity.keyring.trust.policy_keys,
            trust_version=identity.keyring.trust.version,
            server=identity.server,
            grpc_addresses=identity.addresses.grpc(),
            interval_seconds=int(self._settings.value.check_in_interval.total_seconds()),
        )

    async def _limited(self, source: str, subject: str, action: str, work: Awaitable[AnswerT]) -> AnswerT:
        """Return what some work comes to, unless this address was refused too often; refusals are audited."""
        try:
            self._limit.check(source)
        except UnavailableError:
            if isinstance(work, Coroutine):
                work.close()
            raise
        try:
            return await work
        except UnavailableError:
            raise
        except VigoError as error:
            if self._limit.note(source):
                await self._audit_refusal(subject[:_SHOWN], source, action, error)
            raise

    def _record(self, envoy_id: EnvoyId) -> EnvoyRecord:
        record = self._envoys.find(envoy_id)
        if record is None:
            raise InternalError(f"the envoy {envoy_id} is in the database and not in memory; restart vigosrv")
        return record

    async def _audit_refusal(self, subject: str, source: str, action: str, error: VigoError) -> None:
        detail = {"hostname": subject, "code": error.code, "reason": str(error)}
        _log.warning("refused from %s as %r: %s", source, subject, error)
        act = Act(actor=f"address {source}", action=action, subject=subject, detail=detail)
        await self._database.write(lambda connection: self._trail.append(connection, act))


def _signing_key(request: EnrolRequest) -> VerifyKey:
    try:
        key = VerifyKey(bytes.fromhex(request.signing_key))
        signature = bytes.fromhex(request.signature)
    except (ValueError, UnauthenticatedError) as error:
        raise InvalidError(
            "expected an ed25519 key of 64 and a signature of 128 hexadecimal digits in the enrolment, found others"
        ) from error
    try:
        key.verify(request.signed_message(), signature)
    except UnauthenticatedError as error:
        raise ForbiddenError(
            "expected the enrolment signed by the signing key in it, found another signature; nothing was used up"
        ) from error
    return key

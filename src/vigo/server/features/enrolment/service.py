"""Giving machines an identity, and a new certificate when the old one nears its end."""

import logging
from typing import Final

import msgspec
from sqlalchemy import Connection

from vigo.core.clock import Clock
from vigo.core.enrolment import EnrolAnswer, EnrolRequest
from vigo.core.errors import (
    ForbiddenError,
    InternalError,
    InvalidError,
    UnauthenticatedError,
    UnavailableError,
    VigoError,
)
from vigo.core.hostnames import canonical_hostname
from vigo.core.ids import EnvoyId, ServerId, new_envoy_id
from vigo.core.signing import VerifyKey
from vigo.server.features.enrolment.limits import FailureLimit
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.tokens.models import Token
from vigo.server.features.tokens.service import TokenService
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.db.database import Database
from vigo.server.platform.pki.authority import Authority, Issued
from vigo.server.platform.pki.requests import EnvoyKey, requested_key
from vigo.server.platform.settings.addresses import PublicAddresses
from vigo.server.platform.settings.model import CurrentSettings

_log = logging.getLogger(__name__)

_SHOWN: Final = 80


class ServerIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What an enrolled machine learns of this server, and who signs its certificate."""

    server: ServerId
    policy_keys: tuple[str, ...]
    authority: Authority
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
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._settings = settings
        self._authority = identity.authority
        self._addresses = identity.addresses
        self._identity = identity
        self._tokens = tokens
        self._envoys = envoys
        self._limit = FailureLimit(settings, clock)

    @property
    def ca_pem(self) -> str:
        """The CA's certificate."""
        return self._authority.pem

    async def enrol(self, request: EnrolRequest, source: str) -> EnrolAnswer:
        """Return a machine's identity. A repeat with the same token, hostname and signing key yields the same one.

        Raises:
            UnauthenticatedError: the token is not in force, or the signature is not the signing key's.
            ForbiddenError: the token is for other hostnames.
            ConflictError: an active envoy has the hostname.
            InvalidError: the request holds what no agent sends.
            UnavailableError: this address was refused too often, or nothing can be stored now.
        """
        self._limit.check(source)
        try:
            return await self._enrol(request)
        except UnavailableError:
            raise
        except VigoError as error:
            if self._limit.note(source):
                await self._audit_refusal(request, source, error)
            raise

    async def renew(self, envoy_id: EnvoyId, csr_pem: str) -> str:
        """Return a new certificate for an enrolled envoy.

        Raises:
            InvalidError: the signing request is none, or its key is not accepted.
        """
        key = requested_key(csr_pem)
        record = self._record(envoy_id)
        lifetime = self._settings.value.envoy_certificate_lifetime
        issued = self._authority.issue_envoy(key, record.id, record.hostname, lifetime)
        act = Act(actor=f"envoy {record.hostname}", action="certificate.renew", subject=envoy_id)

        def job(connection: Connection) -> None:
            self._trail.append(connection, act)
            self._envoys.set_certificate(connection, record.id, issued.not_after)

        def then(_: None) -> None:
            record.certificate_not_after = issued.not_after

        await self._database.write(job, then)
        return issued.pem

    async def _enrol(self, request: EnrolRequest) -> EnrolAnswer:
        hostname = canonical_hostname(request.hostname)
        token = await self._tokens.find(request.token, hostname)
        signing_key = _signing_key(request)
        key = requested_key(request.csr_pem)
        envoy_id, issued = await self._admit(hostname, token, signing_key, key)
        return EnrolAnswer(
            envoy=envoy_id,
            hostname=hostname,
            certificate_pem=issued.pem,
            ca_pem=self._authority.pem,
            policy_keys=self._identity.policy_keys,
            server=self._identity.server,
            grpc_addresses=self._addresses.grpc(),
            interval_seconds=int(self._settings.value.check_in_interval.total_seconds()),
        )

    async def _admit(
        self, hostname: str, token: Token, signing_key: VerifyKey, key: EnvoyKey
    ) -> tuple[EnvoyId, Issued]:
        """Store a new envoy and its use of the token, or find the one that this very enrolment made before."""
        now = self._clock.now()

        def job(connection: Connection) -> tuple[EnvoyRecord | None, EnvoyId, Issued]:
            present = self._envoys.active_named(connection, hostname)
            is_repeat = (
                present is not None
                and present[1] == signing_key.public
                and self._tokens.was_used_by(connection, token, present[0])
            )
            envoy_id = present[0] if present is not None and is_repeat else new_envoy_id()
            issued = self._authority.issue_envoy(
                key, envoy_id, hostname, self._settings.value.envoy_certificate_lifetime
            )
            record = EnvoyRecord(envoy_id, hostname, signing_key.public, now, issued.not_after)
            if is_repeat:
                self._envoys.set_certificate(connection, envoy_id, issued.not_after)
            else:
                self._envoys.add(connection, record)
                self._tokens.use(connection, token, envoy_id, hostname)
            detail = {"hostname": hostname, "token": token.id, "token_by": token.created_by, "repeat": is_repeat}
            self._trail.append(
                connection, Act(actor=f"token {token.id}", action="envoy.enrol", subject=envoy_id, detail=detail)
            )
            return None if is_repeat else record, envoy_id, issued

        def then(done: tuple[EnvoyRecord | None, EnvoyId, Issued]) -> None:
            record, envoy_id, issued = done
            if record is not None:
                self._envoys.index.add(record)
            else:
                self._record(envoy_id).certificate_not_after = issued.not_after
            _log.info("%s enrolled as %s with token %s", hostname, envoy_id, token.id)

        _, envoy_id, issued = await self._database.write(job, then)
        return envoy_id, issued

    def _record(self, envoy_id: EnvoyId) -> EnvoyRecord:
        record = self._envoys.find(envoy_id)
        if record is None:
            raise InternalError(f"the envoy {envoy_id} is in the database and not in memory; restart vigosrv")
        return record

    async def _audit_refusal(self, request: EnrolRequest, source: str, error: VigoError) -> None:
        detail = {"hostname": request.hostname[:_SHOWN], "code": error.code, "reason": str(error)}
        _log.warning("refused an enrolment from %s as %r: %s", source, request.hostname[:_SHOWN], error)
        act = Act(actor=f"address {source}", action="enrol.refused", subject=request.hostname[:_SHOWN], detail=detail)
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

"""Signing certificates for services: names that the policy of a machine has, and nothing that it says of itself."""

from datetime import timedelta
from typing import Final

from cryptography import x509

from vigo.catalog.formats.server_names import server_name
from vigo.catalog.resources.security.certificate_spec import MOST_DAYS_OF_VIGO
from vigo.core.errors import ForbiddenError, InvalidError
from vigo.core.wire.certificate_messages import SignCertificate, SignedChain
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.generations.service import GenerationService
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.gate import Envoy
from vigo.server.platform.auth.pace import Pace
from vigo.server.platform.db.database import Database
from vigo.server.platform.pki.authority import Authority
from vigo.server.platform.pki.requests import requested_key

MOST_SIGNED_IN_A_MINUTE: Final = 120
"""Of one machine; each certificate resource asks once in two thirds of its life."""

_MOST_NAMES: Final = 100
_MOST_SHOWN: Final = 5


class CertificateService:
    """The service CA."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        authority: Authority,
        generations: GenerationService,
        envoys: EnvoyService,
        pace: Pace,
    ) -> None:
        self._database = database
        self._trail = trail
        self._authority = authority
        self._generations = generations
        self._envoys = envoys
        self._pace = pace

    @property
    def ca_pem(self) -> str:
        """The certificate of the service CA."""
        return self._authority.pem

    async def sign(self, envoy: Envoy, request: SignCertificate) -> SignedChain:
        """Return a certificate for the key and the names of a request, with that of the CA.

        Raises:
            ForbiddenError: a name is neither in the policy of this machine nor its own; the audit trail has that.
            InvalidError: it is no request, or its key or life is not accepted.
            UnavailableError: it asks too often, or the act cannot be audited.
        """
        self._pace.take(envoy.id, 1)
        key, names = requested_key(request.csr_pem, is_service=True), _requested_names(request.csr_pem)
        if not 0 < request.days <= MOST_DAYS_OF_VIGO:
            raise InvalidError(f"expected 1 to {MOST_DAYS_OF_VIGO} days, found {request.days}")
        self._require_own(envoy, names)
        issued = self._authority.issue_service(key, names, timedelta(days=request.days))
        detail = {"names": names, "hostname": envoy.hostname, "serial": f"{issued.serial:x}", "ends": issued.not_after}
        act = Act(actor=f"envoy {envoy.hostname}", action="certificate.sign", subject=envoy.id, detail=detail)
        await self._database.write(lambda connection: self._trail.append(connection, act))
        return SignedChain(issued.pem + self._authority.pem)

    def _require_own(self, envoy: Envoy, names: tuple[str, ...]) -> None:
        assigned = self._generations.assignment(envoy.hostname)
        allowed = None if assigned is None else assigned.certificate_names
        own = frozenset() if allowed is None else allowed | {envoy.hostname}
        outside = [name for name in names if name not in own]
        if not outside:
            return
        message = (
            f"expected names of this machine's own policy, found {', '.join(outside[:_MOST_SHOWN])}; write them into a"
            " certificate resource with issuer: vigo, in plain words"
        )
        self._envoys.note_refusal(envoy.id, envoy.hostname, f"certificate of others: {message}", "its connection")
        raise ForbiddenError(message)


def _requested_names(csr_pem: str) -> tuple[str, ...]:
    """Return the names of a request that was looked at already, in one form, none twice.

    Raises:
        InvalidError: it has none, too many, or others than host names and addresses.
    """
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode())
        named = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise InvalidError(f"expected a signing request with names of a server, found another: {error}") from error
    hosts = named.get_values_for_type(x509.DNSName)
    addresses = [str(address) for address in named.get_values_for_type(x509.IPAddress)]
    if not 0 < len(list(named)) <= _MOST_NAMES or len(hosts) + len(addresses) < len(list(named)):
        raise InvalidError(f"expected 1 to {_MOST_NAMES} host names and addresses, found {len(list(named))} names")
    return tuple(dict.fromkeys(server_name("names", name) for name in (*hosts, *addresses)))

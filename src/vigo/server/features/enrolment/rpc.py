"""`RenewCertificate`."""

from typing import Final

from vigo.core.wire.messages import Methods, Renewal
from vigo.server.features.enrolment.service import EnrolmentService
from vigo.server.platform.auth.gate import Envoy, Gate
from vigo.server.platform.rpc.method import AnyMethod

_MOST_REQUEST_BYTES: Final = 64 * 1024


def methods(gate: Gate, service: EnrolmentService) -> list[AnyMethod]:
    """Return the methods of certificates."""

    async def renew_certificate(envoy: Envoy, body: bytes) -> Renewal:
        return Renewal(await service.renew(envoy.id, Renewal.from_request_bytes(body).pem))

    return [gate.method(Methods.RENEW_CERTIFICATE, renew_certificate, Renewal.to_answer_bytes, _MOST_REQUEST_BYTES)]

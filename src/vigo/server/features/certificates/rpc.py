"""`SignCertificate`."""

from typing import Final

from vigo.core.wire.certificate_messages import SignCertificate, SignedChain
from vigo.core.wire.messages import Methods
from vigo.server.features.certificates.service import CertificateService
from vigo.server.platform.auth.gate import Envoy, Gate
from vigo.server.platform.rpc.method import AnyMethod

_MOST_REQUEST_BYTES: Final = 64 * 1024


def methods(gate: Gate, service: CertificateService) -> list[AnyMethod]:
    """Return the methods of the service CA."""

    async def sign(envoy: Envoy, body: bytes) -> SignedChain:
        return await service.sign(envoy, SignCertificate.from_bytes(body))

    return [gate.method(Methods.SIGN_CERTIFICATE, sign, SignedChain.to_bytes, _MOST_REQUEST_BYTES)]

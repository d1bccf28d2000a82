"""The way back with a certificate that has ended: the signing key proves who asks, over HTTPS and the pinned CA."""

import msgspec

from vigo.agent.identity import tls
from vigo.agent.identity.identity import Identity, IdentityFolder
from vigo.agent.link.address import parse_server_url
from vigo.agent.link.bootstrap import context_of, posted
from vigo.core.clock import Clock
from vigo.core.encoding import NOT_DECODED
from vigo.core.enrolment import RETURN_PATH, ReturnAnswer, ReturnRequest, return_message
from vigo.core.errors import LapsedError, UnavailableError


def come_back(identity: Identity, folder: IdentityFolder, clock: Clock, sequence: int) -> Identity:
    """Get another certificate, store it and return the identity with it.

    Raises:
        UnauthenticatedError: the server does not know this envoy, or has revoked it.
        LapsedError: the certificate ended too long ago, or the clocks of both machines differ by weeks.
        UnavailableError: the server cannot be reached.
    """
    address = parse_server_url(identity.server_url)
    ca_pem = folder.ca_pem()
    key_pem = tls.new_key()
    csr_pem = tls.signing_request(key_pem, identity.hostname)
    message = return_message(identity.server, identity.envoy, sequence, csr_pem)
    request = ReturnRequest(
        envoy=identity.envoy,
        server=identity.server,
        sequence=sequence,
        csr_pem=csr_pem,
        signature=folder.signing_key().sign(message).hex(),
    )
    content = posted(address, context_of(ca_pem), RETURN_PATH, request, clock).content
    try:
        certificate = msgspec.json.decode(content, type=ReturnAnswer).certificate_pem
    except NOT_DECODED as error:
        raise UnavailableError(
            f"{address}: expected a certificate, found something else ({error}); is it a vigosrv?"
        ) from error
    life = tls.check_certificate(certificate, key_pem, ca_pem)
    now = clock.now()
    if not life.begins_at <= now < life.expires_at:
        # With one of another time this machine would be kept out once the clocks are right again.
        raise LapsedError(
            f"{address}: the server gave a certificate from {life.begins_at:%Y-%m-%d %H:%M} to"
            f" {life.expires_at:%Y-%m-%d %H:%M} UTC, and this machine's clock says {now:%Y-%m-%d %H:%M}; it was not"
            " stored: check the clocks of both machines"
        )
    renewed = msgspec.structs.replace(
        identity, certificate_expires_at=life.expires_at, certificate_renew_at=life.renew_at
    )
    folder.replace_certificate(renewed, certificate, key_pem)
    return renewed

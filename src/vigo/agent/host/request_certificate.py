"""The executor of `RequestCertificate`."""

from vigo.agent.host.key_pair_files import key_for, place_pair, require_own, require_places
from vigo.agent.host.real_host import RealHost
from vigo.catalog.formats.certificates import certificate_blocks
from vigo.catalog.formats.self_signed import signing_request
from vigo.catalog.ops.request_certificate import RequestCertificate
from vigo.core.errors import BlockedError, TimedOutError, UnavailableError


def request_certificate(op: RequestCertificate, host: RealHost) -> None:
    """Have the service CA sign, then put the certificate and a new key in their places; until then nothing is replaced.

    Raises:
        OSError: the kernel refuses a step.
        BlockedError: this is an image, or the server cannot be asked now.
        ForbiddenError: the server does not sign these names for this machine.
        InvalidError: the key that is there cannot be used.
        UnavailableError: something else is in the way, or the server gave another certificate.
    """
    key = key_for(op, host)
    require_places(op, host)
    chain = _signed(op, signing_request(key, op.names).decode(), host).encode()
    require_own(chain, key, op)
    place_pair(op, host, key, b"".join(certificate_blocks(chain)))


def _signed(op: RequestCertificate, request: str, host: RealHost) -> str:
    if host.authority is None:
        raise BlockedError("expected a server to ask for its signature, found none in this run")
    try:
        return host.authority(request, op.days)
    except (UnavailableError, TimedOutError) as error:
        raise BlockedError(f"expected the server to sign it, found: {error}") from error

"""What went wrong on the network, in words that say what to do."""

import socket
import ssl
from datetime import datetime

from vigo.core.errors import TimedOutError, UnavailableError, VigoError

# Source: X509_STORE_CTX_get_error(3).
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64


class UntrustedServerError(UnavailableError):
    """The server's certificate is of no CA that this machine trusts: another server, or the CA was replaced."""


_CERTIFICATE_ALERTS = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")


def explained(error: BaseException, address: str, now: datetime) -> VigoError:
    """Return the error that tells a person what was expected of the server at an address and what was found."""
    if isinstance(error, VigoError):
        return error
    if isinstance(error, ssl.SSLCertVerificationError):
        problem = _certificate_problem(error, address, now)
        is_of_other_ca = error.verify_code not in (_NOT_YET_VALID, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS)
        return UntrustedServerError(problem) if is_of_other_ca else UnavailableError(problem)
    if isinstance(error, ssl.SSLError):
        return _handshake_problem(error, address)
    if isinstance(error, TimeoutError):
        return TimedOutError(f"{address}: no answer in time; check the network, the firewall and the server's load")
    return UnavailableError(f"{address}: {_network_problem(error)}")


def _network_problem(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return f"its name cannot be resolved ({error.strerror}); check the name and the DNS"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there; check that vigosrv runs, and the port"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        # A server that refuses a certificate closes at once, and its alert may be lost on the way.
        return "it closed the connection: it is stopping, or does not accept this machine's certificate; see its log"
    if isinstance(error, OSError):
        return f"{error.strerror or error}; check the network and the server"
    return f"{error or type(error).__name__}; check that a vigosrv is there"


def _certificate_problem(error: ssl.SSLCertVerificationError, address: str, now: datetime) -> str:
    clock = f"this machine's clock says {now:%Y-%m-%d %H:%M:%S} UTC; check it with `timedatectl`"
    if error.verify_code == _NOT_YET_VALID:
        return f"{address}: the server's certificate is not yet valid: {clock}"
    if error.verify_code == _EXPIRED:
        return f"{address}: the server's certificate has expired: {clock}, then the server's certificate"
    if error.verify_code in (_OTHER_NAME, _OTHER_ADDRESS):
        return (
            f"{address}: the server's certificate is for another name; use the name that it was made for"
            " (`server_names` in server.yaml)"
        )
    return (
        f"{address}: expected a certificate that the pinned CA signed, found another ({error.verify_message});"
        " this is not our server, or it was made anew: then enrol anew"
    )


def _handshake_problem(error: ssl.SSLError, address: str) -> UnavailableError:
    reason = error.reason or str(error)
    if "ALERT" in reason and any(word in reason for word in _CERTIFICATE_ALERTS):
        # No refusal of this envoy: who may not call is told in an answer. An alert tells of a certificate that lapsed,
        # and in a handshake that did not end anybody on the way can write one.
        return UnavailableError(
            f"{address}: the server does not accept this machine's certificate ({reason.lower().replace('_', ' ')});"
            " check the clocks of both machines; where it has lapsed (`vigo status`) enrol anew"
        )
    return UnavailableError(f"{address}: no TLS connection ({reason}); check that the port is a vigosrv's")

"""What went wrong on the way to the server, in words that say what to do."""

import socket
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from vigo.cli.client.quick_httpx import httpx
from vigo.cli.client.target import Target
from vigo.core.errors import TimedOutError, UnauthenticatedError, UnavailableError, VigoError

# Source: X509_STORE_CTX_get_error(3).
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_OTHER_NAME: Final = 62
_OTHER_ADDRESS: Final = 64


def explained(error: httpx.HTTPError, target: Target, timeout: timedelta, now: datetime) -> VigoError:
    """Return the error that tells a person what was expected of a server and what was found."""
    url = target.url
    if isinstance(error, httpx.TimeoutException):
        seconds = timeout.total_seconds()
        return TimedOutError(
            f"{url}: expected an answer within {seconds:g} s, found none; check the network, the firewall and the"
            " server's load, or give a longer --timeout"
        )
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _certificate_problem(cause, target, now)
        if isinstance(cause, ssl.SSLError):
            return UnavailableError(
                f"{url}: expected a TLS connection, found {cause.reason or cause}; check that the port is the HTTPS"
                " port of a vigosrv (api_listen in server.yaml)"
            )
    problem = next((_network_problem(cause, target) for cause in causes if isinstance(cause, OSError)), None)
    return UnavailableError(f"{url}: {problem or f'{error or type(error).__name__}; check that a vigosrv is there'}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors behind an error: the library wraps the system's own twice."""
    cause: BaseException | None = error
    seen = set[int]()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _network_problem(error: OSError, target: Target) -> str:
    if isinstance(error, socket.gaierror):
        return f"its name cannot be resolved ({error.strerror}); check the name and the DNS"
    if isinstance(error, ConnectionRefusedError):
        if target.data_dir is None:
            return "nothing listens there; check that vigosrv runs, and the port"
        return (
            f"nothing listens there, though {target.data_dir} says so: the server has ended; start it with"
            f" `vigosrv run --data-dir {target.data_dir}`"
        )
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "it closed the connection; it may be stopping: see its log, and try again"
    return f"{error.strerror or error}; check the network and the server"


def _certificate_problem(error: ssl.SSLCertVerificationError, target: Target, now: datetime) -> VigoError:
    url = target.url
    clock = f"this machine's clock says {now:%Y-%m-%d %H:%M:%S} UTC: compare the clocks of both machines (`date -u`)"
    if error.verify_code == _NOT_YET_VALID:
        return UnavailableError(f"{url}: the server's certificate is not yet valid; {clock}")
    if error.verify_code == _EXPIRED:
        return UnavailableError(f"{url}: the server's certificate has expired; {clock}, then restart vigosrv")
    if error.verify_code in (_OTHER_NAME, _OTHER_ADDRESS):
        return UnavailableError(
            f"{url}: the server's certificate is for another name; use a name that it was made for, or add this one"
            " to server_names in server.yaml"
        )
    what = "this is another server; check the address"
    advice = f"{what}, and --data-dir" if target.data_dir else f"{what}, or its CA was replaced: then log in anew"
    return UnauthenticatedError(
        f"{url}: expected a certificate that the pinned CA signed, found another ({error.verify_message}); nothing was"
        f" sent: {advice}"
    )

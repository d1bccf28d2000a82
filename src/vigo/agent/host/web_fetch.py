"""Fetching a small file from the web, such that a URL of the policy reaches no service of the machine itself."""

import http.client
import math
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from typing import IO, Any

from vigo.catalog.formats.web_addresses import is_near
from vigo.core.errors import BlockedError, InvalidError, TimedOutError, TooLargeError, UnavailableError

MAX_REDIRECTS = 5
_CHUNK_BYTES = 64 * 1024
_PER_STEP = timedelta(seconds=20)
_AGENT = "vigo"


def fetch(url: str, *, max_bytes: int, within: timedelta, tls: ssl.SSLContext | None = None) -> bytes:
    """Return what a URL gives. No proxy, no redirect from https to http, and no address of the machine itself.

    Loopback and link-local addresses (where clouds have their metadata) are refused unless the URL has the address, or
    `localhost`, in it.

    Raises:
        BlockedError: the server cannot be reached, or does not give it.
        InvalidError: it leads to where it may not.
        TimedOutError: it took longer.
        TooLargeError: it is larger than `max_bytes`.
        UnavailableError: the server's certificate is not accepted.
    """
    content = bytearray()
    fetch_into(content.extend, url, max_bytes=max_bytes, within=within, tls=tls)
    return bytes(content)


def fetch_into(
    take: Callable[[bytes], object], url: str, *, max_bytes: int, within: timedelta, tls: ssl.SSLContext | None = None
) -> None:
    """Hand over what a URL gives, piece by piece, as `fetch` does; `take` may have had a part of it before an error.

    Raises:
        BlockedError, InvalidError, TimedOutError, TooLargeError, UnavailableError: as `fetch`.
        OSError: `take` raised it.
    """
    deadline = time.monotonic() + within.total_seconds()
    context = tls or ssl.create_default_context()
    context.sslsocket_class = _SecureSocket
    guard = Guard(urllib.parse.urlsplit(url).hostname or "", deadline)
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.UnknownHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _NoDowngrade(),
        _Http(guard),
        _Https(guard, context),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(url, headers={"User-Agent": _AGENT})  # noqa: S310 - it knows http and https alone
    try:
        answer = opener.open(request, timeout=min(_PER_STEP, within).total_seconds())
    except urllib.error.HTTPError as error:
        error.close()
        raise BlockedError(f"expected {_shown(url)} to give a file, found status {error.code}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _fault(url, error, deadline) from error
    with answer:
        size_bytes = 0
        while chunk := _read(answer, url, deadline):
            size_bytes += len(chunk)
            if size_bytes > max_bytes:
                raise TooLargeError(f"expected at most {max_bytes} bytes, found more; nothing was kept")
            take(chunk)
        if answer.length:
            raise BlockedError(
                f"expected {size_bytes + answer.length} bytes of {_shown(url)}, found that it ended after {size_bytes};"
                " it is tried again next time"
            )


def _read(answer: http.client.HTTPResponse, url: str, deadline: float) -> bytes:
    try:
        chunk = answer.read1(_CHUNK_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _fault(url, error, deadline) from error
    if time.monotonic() > deadline:
        raise _too_slow()
    return chunk


def _too_slow() -> TimedOutError:
    return TimedOutError("expected the whole file in time, found the server too slow; nothing was kept")


def _fault(url: str, error: Exception, deadline: float) -> Exception:
    if time.monotonic() > deadline:
        return _too_slow()
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return UnavailableError(f"expected a certificate for {_shown(url)} that this machine accepts, found: {cause}")
    return BlockedError(f"expected {_shown(url)} to answer, found: {cause}; it is tried again next time")


def _shown(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}"


class _PlainSocket(socket.socket):
    """Receives until its deadline, however slowly bytes drip in."""

    deadline = math.inf

    def recv_into(self, *given: Any, **named: Any) -> int:
        self.settimeout(_left(self.deadline))
        return super().recv_into(*given, **named)


class _SecureSocket(ssl.SSLSocket):
    """The same over TLS."""

    deadline = math.inf

    def recv_into(self, *given: Any, **named: Any) -> int:
        self.settimeout(_left(self.deadline))
        return super().recv_into(*given, **named)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is up")
    return min(_PER_STEP.total_seconds(), left)


class Guard:
    """Connects to addresses that may be reached; the one that was looked at is the one that is connected to."""

    def __init__(self, named: str, deadline: float = math.inf) -> None:
        """Take the host that the URL of the policy names, in small letters; a redirect may lead to another one.

        `deadline`, by the monotonic clock, ends what connections receive.
        """
        self._named = named
        self.deadline = deadline

    def connected(self, host: str, port: int, timeout: float | None) -> socket.socket:
        """Return a connection to a host.

        Raises:
            InvalidError: it is the machine itself, or next to it, and the URL does not say so.
            OSError: it cannot be reached.
        """
        last: OSError = OSError(f"no address of {host}")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            self._check(host, str(address[0]))
            connection = _PlainSocket(family, kind, protocol)
            connection.deadline = self.deadline
            try:
                connection.settimeout(timeout)
                connection.connect(address)
            except OSError as error:
                connection.close()
                last = error
            else:
                return connection
        raise last

    def _check(self, host: str, text: str) -> None:
        is_meant = host == self._named and host in ("localhost", text)
        if is_near(text) and not is_meant:
            raise InvalidError(
                f"expected {host} to be another machine, found that it leads to {text}, which is this one or its"
                " link; name the address itself in the URL if that is meant"
            )


class _Http(urllib.request.HTTPHandler):
    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self._guard = guard

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(connection_class(http.client.HTTPConnection, self._guard, None), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, guard: Guard, tls: ssl.SSLContext) -> None:
        super().__init__(context=tls)
        self._guard = guard
        self._tls = tls

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(connection_class(http.client.HTTPSConnection, self._guard, self._tls), req)


def connection_class(
    base: type[http.client.HTTPConnection], guard: Guard, tls: ssl.SSLContext | None
) -> Callable[..., Any]:
    """Return a class of connections as http.client has them, which go where the guard lets them; over TLS if given."""

    class Connection(base):  # type: ignore[misc, valid-type]
        def connect(self) -> None:
            connection = guard.connected(self.host, self.port, self.timeout)
            try:
                self.sock = connection if tls is None else tls.wrap_socket(connection, server_hostname=self.host)
                if isinstance(self.sock, _SecureSocket):
                    self.sock.deadline = guard.deadline
            except BaseException:
                connection.close()
                raise

    return Connection


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    max_redirections = MAX_REDIRECTS

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.startswith("https://") and not (newurl.startswith("http://") and req.type == "http"):
            raise InvalidError(
                f"expected to stay with https, found a redirect from {_shown(req.full_url)} to {_shown(newurl)}"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)

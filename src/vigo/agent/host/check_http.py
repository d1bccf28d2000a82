"""The executor of `CheckHttp`."""

import http.client
import ssl
from contextlib import closing
from datetime import timedelta
from typing import Final
from urllib.parse import urljoin

from vigo.agent.host.pattern_search import is_found
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.timed_connection import Exchange, TimedConnection, connected
from vigo.catalog.formats.web_addresses import WebAddress, web_address
from vigo.catalog.formats.web_answers import WebAnswer, unmet
from vigo.catalog.ops.network_checks import CheckHttp
from vigo.core.errors import BlockedError, InvalidError, UnavailableError

MAX_BODY_BYTES: Final = 1024 * 1024
"""How much of a body is looked through."""

MAX_REDIRECTS: Final = 5
_CHUNK_BYTES: Final = 64 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SENT: Final = {"user-agent": "vigo", "accept": "*/*", "accept-encoding": "identity", "connection": "close"}


def check_http(op: CheckHttp, host: RealHost) -> None:
    """Return when the server answered as is expected.

    Raises:
        BlockedError: this is an image, in which nothing runs.
        InvalidError: a redirect leads to where it may not.
        TimedOutError: it took too long.
        UnavailableError: it does not answer, its certificate is not accepted, or the answer is another one.
    """
    if host.is_image():
        raise BlockedError("not made in an image (--root)")
    check = _Check(op, Exchange(min(op.within, op.timeout)), _context(op, host))
    problem = check.problem()
    if problem:
        raise UnavailableError(f"{problem}; see the server's own log")


class _Check:
    """One check, from its URL through all redirects."""

    def __init__(self, op: CheckHttp, exchange: Exchange, tls: ssl.SSLContext) -> None:
        self._op = op
        self._exchange = exchange
        self._tls = tls
        self._first = web_address("url", op.url)

    def problem(self) -> str:
        """Return what of the last answer is not as expected, or an empty text."""
        url = self._op.url
        for _ in range(MAX_REDIRECTS + 1):
            address = web_address("url", url)
            location, answer = self._asked(address)
            if location is None:
                return unmet(self._op.expected, answer, self._is_found)
            url = self._next(url, address, location)
        raise UnavailableError(f"expected at most {MAX_REDIRECTS} redirects, found more; they may go in a circle")

    def _asked(self, address: WebAddress) -> tuple[str | None, WebAnswer]:
        """Return where the answer leads to, if that is followed, and the answer itself."""
        try:
            with closing(self._connected(address)) as timed:
                connection = _Connection(address, timed)
                self._send(connection, address)
                with closing(connection.getresponse()) as response:
                    if timed.has_ended:
                        raise http.client.IncompleteRead(b"")  # http.client takes half of the headers for all
                    location = response.getheader("Location") if response.status in _REDIRECTS else None
                    if self._op.follows_redirects and location is not None:
                        return location, WebAnswer(status=response.status)
                    return None, self._answer(response)
        except ssl.SSLCertVerificationError as error:
            raise UnavailableError(
                f"expected a certificate of {address.origin} that is accepted, found: {error.verify_message}; renew it,"
                " or name its authority in ca_file"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise UnavailableError(f"expected {address.origin} to answer, found {_found(error)}") from error

    def _connected(self, address: WebAddress) -> TimedConnection:
        is_meant = address.host == self._first.host
        host = self._op.connect_to if is_meant and self._op.connect_to is not None else address.host
        connection = connected(host, address.port, self._exchange, may_be_near=is_meant)
        if address.scheme == "http":
            return connection
        try:
            return connection.secured(self._tls, address.host)
        except BaseException:
            connection.close()
            raise

    def _send(self, connection: http.client.HTTPConnection, address: WebAddress) -> None:
        headers = {"host": address.authority, **_SENT}
        if address[:3] == self._first[:3]:  # what is secret goes to nobody else
            headers |= {name.lower(): value for name, value in self._op.headers.items()}
        connection.putrequest(self._op.method, address.target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()

    def _answer(self, response: http.client.HTTPResponse) -> WebAnswer:
        content, is_cut = b"", False
        if self._op.expected.body is not None:
            content, is_cut = _body(response)
        return WebAnswer(
            status=response.status,
            headers=tuple(response.headers.items()),
            body=content.decode(errors="replace"),
            is_cut=is_cut,
        )

    def _next(self, url: str, address: WebAddress, location: str) -> str:
        """Return where a redirect leads to."""
        try:
            following = urljoin(url, location.partition("#")[0])
            found = web_address("the redirect", following)
        except (ValueError, InvalidError) as error:
            raise InvalidError(
                f"expected a redirect to a URL of http or https, found {address.origin} leading elsewhere"
            ) from error
        if address.scheme == "https" and found.scheme != "https":
            raise InvalidError(f"expected to stay with https, found a redirect from {address.origin} to {found.origin}")
        return following

    def _is_found(self, pattern: str, text: str) -> bool:
        return is_found(pattern, text, timedelta(seconds=self._exchange.left_seconds()))


class _Connection(http.client.HTTPConnection):
    """A connection that is made already, by this module and none of its proxies."""

    def __init__(self, address: WebAddress, connection: TimedConnection) -> None:
        super().__init__(address.host, address.port)
        self.sock: TimedConnection = connection

    def connect(self) -> None:
        """Refuse: it is one connection for one question."""
        raise http.client.NotConnected

    def close(self) -> None:
        """Leave the connection to whoever made it: http.client closes it before the body is read."""


def _body(response: http.client.HTTPResponse) -> tuple[bytes, bool]:
    """Return the first part of a body, and whether there is more.

    Raises:
        UnavailableError: the connection ended before it.
    """
    content = bytearray()
    while len(content) <= MAX_BODY_BYTES:
        chunk = response.read(min(_CHUNK_BYTES, MAX_BODY_BYTES + 1 - len(content)))
        if not chunk:
            if response.length:
                raise UnavailableError(
                    f"expected {len(content) + response.length} bytes, found the connection ended after {len(content)}"
                )
            return bytes(content), False
        content += chunk
    return bytes(content[:MAX_BODY_BYTES]), True


def _context(op: CheckHttp, host: RealHost) -> ssl.SSLContext:
    if op.ca_file is None:
        context = ssl.create_default_context()
    else:
        text = host.read_text(op.ca_file)
        if text is None:
            raise UnavailableError(f"ca_file: expected a file at {op.ca_file}, found none; make it first")
        try:
            # An empty text would stand for the machine's own authorities.
            context = ssl.create_default_context(cadata=text or "none")
        except (ssl.SSLError, ValueError) as error:
            raise UnavailableError(f"ca_file: expected certificates in PEM in {op.ca_file}, found others") from error
    if op.accepts_any_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _found(error: Exception) -> str:
    """Return what went wrong. What the server wrote may be anything, and is not shown."""
    if isinstance(error, ssl.SSLError):
        return f"that TLS failed: {error.reason or 'the connection ended'}"
    if isinstance(error, http.client.IncompleteRead | http.client.RemoteDisconnected | ConnectionError):
        return "the connection ended before the answer did"
    if isinstance(error, OSError):
        return error.strerror or "a fault of the network"
    return f"no answer of HTTP ({type(error).__name__}); see that a web server listens there"

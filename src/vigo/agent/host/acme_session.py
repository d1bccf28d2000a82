"""Talking to an ACME directory with the library `acme`, as an optional part of the agent. Source: RFC 8555.

The library has the protocol; what it sends goes out by the agent's own connections: https alone, no proxy, no redirect,
bounded answers, no address of this machine unless it is named.
"""

import http.client
import importlib
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from vigo.agent.host.web_fetch import Guard, connection_class
from vigo.catalog.formats.names import shown
from vigo.core.errors import BlockedError, TimedOutError, UnavailableError

LONGEST = timedelta(minutes=2)
"""How long the authority may take to look at the names and to sign."""

MAX_ANSWER_BYTES = 1024 * 1024
_PER_STEP_SECONDS = 20
_VALID = "valid"
_CHALLENGE = "http-01"

Serve = Callable[[str, str, ExitStack], None]
"""Has the web server give a text under a token's name until the stack ends."""


class _Library(NamedTuple):
    client: Any
    errors: Any
    messages: Any
    jose: Any
    requests: Any


def library() -> _Library:
    """Return the library.

    Raises:
        BlockedError: it is not installed.
    """
    names = ("acme.client", "acme.errors", "acme.messages", "josepy", "requests")
    try:
        return _Library(*(importlib.import_module(name) for name in names))
    except ImportError as error:
        raise BlockedError(
            f"issuer: expected the Python package acme beside the agent, found that {error.name} is missing; install"
            " vigo[acme] on this machine"
        ) from error


def obtained(
    url: str, account_key: bytes, request_pem: bytes, tls: ssl.SSLContext, serve: Serve, within: timedelta = LONGEST
) -> bytes:
    """Return the chain that the authority signed for a request, the certificate first, as PEM.

    Raises:
        BlockedError: the authority cannot be reached, does not accept the names, or asks to wait.
        TimedOutError: it took too long.
        UnavailableError: it answered what is not in the protocol.
    """
    parts = library()
    try:
        return _Conversation(parts, url, account_key, tls, within).ordered(request_pem, serve)
    except parts.errors.ValidationError as error:
        raise BlockedError(f"expected the authority to find the names here, found: {_refusals(error)}") from error
    except parts.messages.Error as error:
        raise BlockedError(f"expected the authority to sign, found: {shown(str(error.detail or error.typ))}") from error
    except parts.errors.TimeoutError as error:
        raise TimedOutError(
            "expected the authority to be done in time, found that it is not; it is tried again"
        ) from error
    except parts.requests.exceptions.RequestException as error:
        raise BlockedError(f"expected {urlsplit(url).hostname} to answer, found: {shown(str(error))}") from error
    except (parts.errors.Error, parts.jose.errors.Error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnavailableError(
            f"expected an ACME directory at {urlsplit(url).hostname}, found another answer: {shown(repr(error))}"
        ) from error


class _Conversation:
    """One account's requests to one directory."""

    def __init__(self, parts: _Library, url: str, account_key: bytes, tls: ssl.SSLContext, within: timedelta) -> None:
        self._parts = parts
        self._deadline = time.monotonic() + within.total_seconds()
        self._account_key = parts.jose.JWK.load(account_key)
        self._net = parts.client.ClientNetwork(
            self._account_key, alg=parts.jose.ES256, user_agent="vigo", timeout=_PER_STEP_SECONDS
        )
        session = self._net.session
        session.trust_env = False
        session.max_redirects = 0
        session.headers["Accept-Encoding"] = "identity"
        session.adapters.clear()
        session.mount("https://", _adapter(parts, urlsplit(url).hostname or "", tls, self._deadline))
        self._acme = parts.client.ClientV2(parts.client.ClientV2.get_directory(url, self._net), self._net)

    def ordered(self, request_pem: bytes, serve: Serve) -> bytes:
        """Return the chain, with the names shown meanwhile."""
        self._log_in()
        order = self._acme.new_order(request_pem)
        with ExitStack() as stack:
            for authorization in order.authorizations:
                if authorization.body.status.name != _VALID:
                    self._show(authorization.body, serve, stack)
            # The library takes a moment of its own local time, without a zone.
            left = timedelta(seconds=max(0.0, self._deadline - time.monotonic()))
            chain: str = self._acme.poll_and_finalize(order, datetime.now() + left).fullchain_pem  # noqa: DTZ005 - as said
        return chain.encode()

    def _log_in(self) -> None:
        """Make the account, or find the one that the key has already."""
        if self._acme.external_account_required():
            raise BlockedError(
                "directory_url: expected an authority at which everybody may have an account, found one that asks for"
                " a binding to another account, which Vigo does not know"
            )
        messages = self._parts.messages
        try:
            self._acme.new_account(messages.NewRegistration.from_data(terms_of_service_agreed=True))
        except self._parts.errors.ConflictError as error:
            self._net.account = messages.RegistrationResource(uri=error.location, body=messages.Registration())

    def _show(self, authorization: Any, serve: Serve, stack: ExitStack) -> None:
        for challenge in authorization.challenges:
            if challenge.chall.typ == _CHALLENGE:
                response, text = challenge.chall.response_and_validation(self._account_key)
                serve(challenge.chall.encode("token"), text, stack)
                self._acme.answer_challenge(challenge, response)
                return
        raise BlockedError(
            f"expected the authority to ask for {_CHALLENGE} of {shown(str(authorization.identifier.value))}, found"
            " that it does not; leave that name out"
        )


def _adapter(parts: _Library, named: str, tls: ssl.SSLContext, deadline: float) -> Any:
    """Return what sends the requests of a session. `named` is the host that the policy names."""
    requests = parts.requests
    connect = connection_class(http.client.HTTPSConnection, Guard(named), tls)

    class Adapter(requests.adapters.BaseAdapter):  # type: ignore[misc, name-defined]
        def send(self, request: Any, **_: Any) -> Any:
            place = urlsplit(request.url)
            connection = connect(place.hostname, place.port, timeout=_PER_STEP_SECONDS)
            try:
                connection.request(request.method, request.path_url, body=request.body, headers=dict(request.headers))
                answer = connection.getresponse()
                content = _read(answer, deadline)
            except (OSError, http.client.HTTPException) as error:
                raise requests.exceptions.ConnectionError(str(error)) from error
            finally:
                connection.close()
            response = requests.Response()
            response.status_code, response.reason, response.url = answer.status, answer.reason, request.url
            response.headers.update(answer.headers.items())
            response.request, response._content = request, content  # noqa: SLF001 - how adapters fill one in
            return response

        def close(self) -> None:
            """Nothing is kept open."""

    return Adapter()


def _read(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    content = bytearray()
    while chunk := answer.read1(65_536):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise OSError(f"more than {MAX_ANSWER_BYTES} bytes")
        if time.monotonic() > deadline:
            raise TimedOutError("expected an answer in time, found the authority too slow")
    return bytes(content)


def _refusals(error: Any) -> str:
    told = [
        f"{one.body.identifier.value}: {challenge.error.detail}"
        for one in error.failed_authzrs
        for challenge in one.body.challenges
        if challenge.error is not None
    ]
    return shown("; ".join(told)) if len(told) == 1 else ", ".join(shown(one) for one in told[:5])

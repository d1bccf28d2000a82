"""HTTPS to a server for a machine that has no client certificate that holds: the CA is known, nothing else."""

import http.client
import ssl
from datetime import timedelta
from typing import Any

import msgspec

from vigo.agent.link.address import Address
from vigo.agent.link.faults import explained
from vigo.core.clock import Clock
from vigo.core.encoding import NOT_DECODED
from vigo.core.errors import BY_CODE, InvalidError, UnavailableError, VigoError

MAX_ANSWER_BYTES = 256 * 1024
TIMEOUT = timedelta(seconds=20)

_SUCCESSES = (200, 202)


class Problem(msgspec.Struct, frozen=True):
    """An error's body. Source: RFC 9457; `code` is Vigo's own extension."""

    code: str = ""
    detail: str = ""
    title: str = ""


class Answer(msgspec.Struct, frozen=True):
    """A successful answer."""

    status: int
    content: bytes


def unverified_context() -> ssl.SSLContext:
    """Return a context for what is compared with a pin, or its signature looked at, before it is used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def context_of(ca_pem: str) -> ssl.SSLContext:
    """Return a context that trusts servers of these CAs alone."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cadata=ca_pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def posted(address: Address, context: ssl.SSLContext, path: str, body: Any, clock: Clock) -> Answer:
    """Return the answer to a message as JSON. The errors are those of `exchanged`."""
    return exchanged(address, context, "POST", path, msgspec.json.encode(body), clock)


def exchanged(
    address: Address, context: ssl.SSLContext, method: str, path: str, body: bytes | None, clock: Clock
) -> Answer:
    """Return a successful answer. No proxy is used: the connection is to the server itself.

    Raises:
        UnavailableError: the server cannot be reached.
        VigoError: what the server answered.
    """
    connection = http.client.HTTPSConnection(
        address.host, address.port, timeout=TIMEOUT.total_seconds(), context=context
    )
    try:
        headers = {"Accept": "application/json, application/problem+json, application/x-pem-file"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        content = response.read(MAX_ANSWER_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        raise explained(error, str(address), clock.now()) from error
    finally:
        connection.close()
    if len(content) > MAX_ANSWER_BYTES:
        raise InvalidError(f"{address}: expected an answer of at most {MAX_ANSWER_BYTES} bytes, found more")
    if response.status not in _SUCCESSES:
        raise _refusal(address, response.status, content)
    return Answer(response.status, content)


def _refusal(address: Address, status: int, content: bytes) -> VigoError:
    try:
        problem = msgspec.json.decode(content, type=Problem)
    except NOT_DECODED:
        problem = Problem()
    detail = problem.detail or problem.title or f"HTTP status {status}; is it a vigosrv?"
    return BY_CODE.get(problem.code, UnavailableError)(f"{address}: {detail}")

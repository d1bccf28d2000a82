"""Enrolling: the pinned CA first, then the token, over HTTPS. Nothing is trusted on first use."""

import base64
import binascii
import http.client
import re
import ssl
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from vigo.agent.identity.identity import Identity, IdentityFolder
from vigo.agent.journal.journal import Journal
from vigo.agent.link.address import Address, parse_server_url
from vigo.agent.link.faults import explained
from vigo.core.clock import Clock
from vigo.core.encoding import digest
from vigo.core.enrolment import CA_PATH, ENROL_PATH, EnrolAnswer, EnrolRequest, enrol_message
from vigo.core.errors import (
    BY_CODE,
    ConflictError,
    DamagedError,
    InvalidError,
    NotEnrolledError,
    NotFoundError,
    UnauthenticatedError,
    UnavailableError,
    VigoError,
)
from vigo.core.fingerprints import parse_fingerprint
from vigo.core.hostnames import canonical_hostname
from vigo.core.ids import parse_envoy_id
from vigo.core.signing import SigningKey

if TYPE_CHECKING:
    from vigo.agent.identity.tls import CertificateLife

MAX_ANSWER_BYTES = 256 * 1024
TIMEOUT = timedelta(seconds=20)

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s(?P<body>[A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*")
_OK = 200


class Enrolled(NamedTuple):
    """The identity, whether it was there before, and where a former one was moved to."""

    identity: Identity
    was_there: bool = False
    former: Path | None = None


class Problem(msgspec.Struct, frozen=True):
    """An error's body. Source: RFC 9457; `code` is Vigo's own extension."""

    code: str = ""
    detail: str = ""
    title: str = ""


def enrol(
    folder: IdentityFolder,
    clock: Clock,
    *,
    server_url: str,
    token: str,
    ca_sha256: str,
    hostname: str,
    root: str | None = None,
    force: bool = False,
) -> Enrolled:
    """Return this machine's identity at a server, made now unless it is there already.

    Enrolling again with the same server and the same arguments is as good as once; an interrupted one goes on with
    the keys that it made.

    Raises:
        ConflictError: the machine is enrolled with another server or as another host, or its server refuses it, and
            `force` is false.
        UnauthenticatedError: the server's CA is not the pinned one, or the server refuses the token.
        UnavailableError: the server cannot be reached.
        UsageError: an argument is none.
    """
    address = parse_server_url(server_url)
    pinned = parse_fingerprint(ca_sha256, "vigocli tokens create")
    name = canonical_hostname(hostname)
    if not force and (present := _present(folder)) is not None:
        _check_same(present, address, pinned, name, root)
        _check_welcome(present, folder.state_dir)
        return Enrolled(present, was_there=True)
    ca_pem = _pinned_ca(address, pinned, clock)
    signing_key, key_pem = folder.pending_keys()
    from vigo.agent.identity.tls import check_certificate, signing_request  # noqa: PLC0415 - imports cryptography

    request = _request(token, name, signing_request(key_pem, name), signing_key)
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cadata=ca_pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    answer = _decoded(_exchange(address, context, "POST", ENROL_PATH, msgspec.json.encode(request), clock), address)
    life = check_certificate(answer.certificate_pem, key_pem, ca_pem)
    identity = _identity(answer, address, pinned, life, root, clock.now())
    # The CA that was compared with the fingerprint is kept, not one that the answer may carry beside it.
    return Enrolled(identity, former=folder.complete(identity, answer.certificate_pem, ca_pem))


def _identity(
    answer: EnrolAnswer, address: Address, pinned: str, life: "CertificateLife", root: str | None, now: datetime
) -> Identity:
    identity = Identity(
        envoy=answer.envoy,
        hostname=answer.hostname,
        server_url=f"https://{address}",
        server=answer.server,
        ca_sha256=pinned,
        grpc_addresses=answer.grpc_addresses,
        policy_keys=answer.policy_keys,
        interval_seconds=answer.interval_seconds,
        enrolled_at=now,
        certificate_expires_at=life.expires_at,
        certificate_renew_at=life.renew_at,
        root=root,
    )
    try:
        parse_envoy_id(identity.envoy)
        identity.verify_keys()
    except (ValueError, VigoError) as error:
        raise UnavailableError(f"{address}: the server's answer cannot be used: {error}; is it a vigosrv?") from error
    return identity


def _request(token: str, hostname: str, csr_pem: str, key: SigningKey) -> EnrolRequest:
    public = key.public.hex()
    signature = key.sign(enrol_message(token, hostname, csr_pem, public)).hex()
    return EnrolRequest(token=token, hostname=hostname, csr_pem=csr_pem, signing_key=public, signature=signature)


def _present(folder: IdentityFolder) -> Identity | None:
    try:
        return folder.load()
    except NotEnrolledError:
        return None


def _check_same(present: Identity, address: Address, pinned: str, hostname: str, root: str | None) -> None:
    pairs = (
        ("server", present.server_url, f"https://{address}"),
        ("CA", present.ca_sha256, pinned),
        ("hostname", present.hostname, hostname),
        ("root", present.root, root),
    )
    for what, found, wanted in pairs:
        if found != wanted:
            raise ConflictError(
                f"this machine is enrolled already as {present.hostname} at {present.server_url}, with another {what}"
                f" ({found or 'none'}, not {wanted or 'none'}); `--force` replaces that identity"
            )


def _check_welcome(present: Identity, state_dir: Path) -> None:
    """Accept an identity that its server did not refuse when it last answered; to call it good would be no help."""
    try:
        journal = Journal.open_for_reading(state_dir)
    except (NotFoundError, DamagedError):
        return
    try:
        state = journal.state()
    finally:
        journal.close()
    if state.envoy == present.envoy and state.contact is not None and state.contact.refused:
        raise ConflictError(
            f"this machine is enrolled already as {present.hostname}, and its server refuses that identity"
            f" ({state.contact.problem}); `--force` replaces it"
        )


def _pinned_ca(address: Address, pinned: str, clock: Clock) -> str:
    """Return the server's CA certificate as PEM once its fingerprint is the pinned one; nothing secret is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # what comes over this connection is compared with the pin before it is used
    text = _exchange(address, context, "GET", CA_PATH, None, clock).decode("ascii", errors="replace")
    found = _PEM.fullmatch(text.strip() + "\n")
    der = None if found is None else _unwrapped(found["body"])
    if der is None:
        raise UnavailableError(f"{address}: expected one CA certificate as PEM, found something else; is it a vigosrv?")
    if (fingerprint := digest(der)) != pinned:
        raise UnauthenticatedError(
            f"{address}: expected a CA with the SHA-256 fingerprint {pinned}, found {fingerprint}; the token was not"
            " sent. Check --ca-sha256 (`vigocli tokens create` prints it); if it is right, this is another server"
        )
    return ssl.DER_cert_to_PEM_cert(der)


def _unwrapped(body: str) -> bytes | None:
    try:
        return base64.b64decode(body)
    except binascii.Error:
        return None


def _exchange(
    address: Address, context: ssl.SSLContext, method: str, path: str, body: bytes | None, clock: Clock
) -> bytes:
    """Return the body of a successful answer. No proxy is used: the connection is to the server itself."""
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
    if response.status != _OK:
        raise _refusal(address, response.status, content)
    return content


def _refusal(address: Address, status: int, content: bytes) -> VigoError:
    try:
        problem = msgspec.json.decode(content, type=Problem)
    except msgspec.DecodeError:
        problem = Problem()
    detail = problem.detail or problem.title or f"HTTP status {status}; is it a vigosrv?"
    return BY_CODE.get(problem.code, UnavailableError)(f"{address}: {detail}")


def _decoded(content: bytes, address: Address) -> EnrolAnswer:
    try:
        return msgspec.json.decode(content, type=EnrolAnswer)
    except msgspec.DecodeError as error:
        raise UnavailableError(
            f"{address}: expected the answer to an enrolment, found something else ({error}); is it a vigosrv?"
        ) from error

"""Enrolling: the pinned CA first, then the token, over HTTPS. Nothing is trusted on first use."""

import base64
import binascii
import re
import ssl
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from vigo.agent.identity.identity import Identity, IdentityFolder
from vigo.agent.journal.journal import Journal
from vigo.agent.link.address import Address, parse_server_url
from vigo.agent.link.bootstrap import Answer, context_of, exchanged, posted, unverified_context
from vigo.core.clock import Clock
from vigo.core.encoding import NOT_DECODED, digest
from vigo.core.enrolment import (
    CA_PATH,
    ENROL_PATH,
    EnrolAnswer,
    EnrolRequest,
    WaitAnswer,
    enrol_message,
    former_message,
)
from vigo.core.errors import (
    ConflictError,
    DamagedError,
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
from vigo.core.trust import certificates_in, fingerprint_of

if TYPE_CHECKING:
    from vigo.agent.identity.tls import CertificateLife

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s(?P<body>[A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*")
_WAIT = 202


class Enrolled(NamedTuple):
    """The identity, whether it was there before, and where a former one was moved to."""

    identity: Identity
    was_there: bool = False
    former: Path | None = None


class Waiting(NamedTuple):
    """Nobody has let the machine in yet; it may ask again in so many seconds."""

    fingerprint: str
    ask_again_seconds: int


class Wanted(NamedTuple):
    """The enrolment that is asked for. Without a token somebody has to approve of it."""

    server_url: str
    ca_sha256: str
    hostname: str
    token: str = ""
    root: str | None = None


def enrol(folder: IdentityFolder, clock: Clock, wanted: Wanted, *, force: bool = False) -> Enrolled | Waiting:
    """Return this machine's identity at a server, made now unless it is there already.

    Enrolling again with the same server and the same arguments is as good as once; an interrupted one, or one that
    waits, goes on with the keys that it made. A machine that was enrolled there by the same name proves that it has
    its former key, and stays the same envoy.

    Raises:
        ConflictError: the machine is enrolled with another server or as another host, or its server refuses it, and
            `force` is false.
        ForbiddenError: somebody denied it.
        UnauthenticatedError: the server's CA is not the pinned one, or the server refuses the token.
        UnavailableError: the server cannot be reached.
        UsageError: an argument is none.
    """
    address = parse_server_url(wanted.server_url)
    pinned = parse_fingerprint(wanted.ca_sha256, "vigocli tokens create")
    wanted = wanted._replace(server_url=f"https://{address}", hostname=canonical_hostname(wanted.hostname))
    present = _present(folder, force=force)
    if not force and present is not None:
        _check_same(present, wanted._replace(ca_sha256=pinned), folder)
        _check_welcome(present, folder.state_dir)
        return Enrolled(present, was_there=True)
    ca_pem = _pinned_ca(address, pinned, clock)
    signing_key, key_pem = folder.pending_keys()
    from vigo.agent.identity.tls import check_certificate, signing_request  # noqa: PLC0415 - imports cryptography

    csr_pem = signing_request(key_pem, wanted.hostname)
    request = _with_proof(_request(wanted, csr_pem, signing_key), present, folder)
    answer = _decoded(posted(address, context_of(ca_pem), ENROL_PATH, request, clock), address)
    if isinstance(answer, WaitAnswer):
        return Waiting(answer.fingerprint, answer.ask_again_seconds)
    # The server proved that it is of the pinned CA: it may say that another one is about to take its place.
    cas = "".join(dict.fromkeys((ca_pem, *certificates_in(answer.ca_pem))))
    life = check_certificate(answer.certificate_pem, key_pem, cas)
    identity = _identity(answer, address, pinned, life, wanted.root, clock.now())
    return Enrolled(identity, former=folder.complete(identity, answer.certificate_pem, cas))


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
        trust_version=answer.trust_version,
    )
    try:
        parse_envoy_id(identity.envoy)
        identity.verify_keys()
    except (ValueError, VigoError) as error:
        raise UnavailableError(f"{address}: the server's answer cannot be used: {error}; is it a vigosrv?") from error
    return identity


def _request(wanted: Wanted, csr_pem: str, key: SigningKey) -> EnrolRequest:
    public = key.public.hex()
    signature = key.sign(enrol_message(wanted.token, wanted.hostname, csr_pem, public)).hex()
    return EnrolRequest(
        token=wanted.token, hostname=wanted.hostname, csr_pem=csr_pem, signing_key=public, signature=signature
    )


def _with_proof(request: EnrolRequest, present: Identity | None, folder: IdentityFolder) -> EnrolRequest:
    """Return a request with proof of the key that this machine has now, where it is enrolled by the same name."""
    if present is None or present.hostname != request.hostname:
        return request
    try:
        key = folder.signing_key()
    except DamagedError:
        return request  # then it takes `envoys revoke`, as the server will say
    message = former_message(present.envoy, request.signed_message())
    return msgspec.structs.replace(request, former=present.envoy, former_signature=key.sign(message).hex())


def _present(folder: IdentityFolder, *, force: bool) -> Identity | None:
    try:
        return folder.load()
    except NotEnrolledError:
        return None
    except DamagedError:
        if not force:
            raise
        return None


def _check_same(present: Identity, wanted: Wanted, folder: IdentityFolder) -> None:
    # The one that was pinned may have been replaced since.
    cas = {present.ca_sha256, *map(fingerprint_of, certificates_in(folder.ca_pem()))}
    pairs = (
        ("server", present.server_url, wanted.server_url),
        ("CA", wanted.ca_sha256 if wanted.ca_sha256 in cas else present.ca_sha256, wanted.ca_sha256),
        ("hostname", present.hostname, wanted.hostname),
        ("root", present.root, wanted.root),
    )
    for what, found, other in pairs:
        if found != other:
            raise ConflictError(
                f"this machine is enrolled already as {present.hostname} at {present.server_url}, with another {what}"
                f" ({found or 'none'}, not {other or 'none'}); `--force` replaces that identity"
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
    answer = exchanged(address, unverified_context(), "GET", CA_PATH, None, clock)
    text = answer.content.decode("ascii", errors="replace")
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


def _decoded(answer: Answer, address: Address) -> EnrolAnswer | WaitAnswer:
    try:
        if answer.status == _WAIT:
            return msgspec.json.decode(answer.content, type=WaitAnswer)
        return msgspec.json.decode(answer.content, type=EnrolAnswer)
    except NOT_DECODED as error:
        raise UnavailableError(
            f"{address}: expected the answer to an enrolment, found something else ({error}); is it a vigosrv?"
        ) from error

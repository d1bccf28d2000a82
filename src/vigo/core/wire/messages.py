"""Typed messages over the generated protobuf: frozen values, and one place that knows the wire's field names."""

from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import msgspec
from google.protobuf.message import DecodeError, Message

from vigo.core.bundle import SignedBundle
from vigo.core.errors import InvalidError
from vigo.core.ids import (
    Digest,
    EnvoyId,
    GenerationNumber,
    ResourceId,
    ServerId,
    SessionId,
    parse_envoy_id,
    parse_run_id,
)
from vigo.core.run import Cause, Outcome, ResourceResult, Run
from vigo.core.signing import SignedFields
from vigo.core.trust import SignedTrust
from vigo.core.wire import agent_pb2 as pb

MOST_MARK_CHARACTERS = 64
PROTOCOL = 1
"""The version of the signed frame. A server refuses anything below its floor."""

MOST_RESULTS = 100_000
"""How many resources a run may have."""

_OUTCOMES: dict[Outcome, "pb.Outcome"] = {
    "unchanged": pb.OUTCOME_UNCHANGED,
    "changed": pb.OUTCOME_CHANGED,
    "failed": pb.OUTCOME_FAILED,
    "skipped": pb.OUTCOME_SKIPPED,
    "blocked": pb.OUTCOME_BLOCKED,
}
_OUTCOME_NAMES = {number: name for name, number in _OUTCOMES.items()}
_CAUSES: dict[Cause, "pb.RunCause"] = {
    "interval": pb.RUN_CAUSE_INTERVAL,
    "event": pb.RUN_CAUSE_EVENT,
    "command": pb.RUN_CAUSE_COMMAND,
}
_CAUSE_NAMES = {number: name for name, number in _CAUSES.items()}

MessageT = TypeVar("MessageT", bound=Message)


def parsed(message: MessageT, data: bytes) -> MessageT:
    """Return a message with what bytes say; raise InvalidError where they are none."""
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        name = type(message).__name__
        raise InvalidError(f"expected a protobuf {name}, found {len(data)} bytes that are none") from error
    return message


class SignedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it travels: the signed fields and their signature. The method is the call's own path."""

    server: ServerId
    session: SessionId
    envoy: EnvoyId
    sequence: int
    body: bytes
    signature: bytes
    protocol: int = PROTOCOL

    def fields(self, method: str) -> SignedFields:
        """Return what the signature covers when this request arrives at `method`."""
        return SignedFields(method, self.server, self.session, self.envoy, self.sequence, self.body)

    def to_bytes(self) -> bytes:
        """Return the protobuf form."""
        return pb.SignedRequest(
            protocol=self.protocol,
            server=self.server,
            session=self.session,
            envoy=self.envoy,
            sequence=self.sequence,
            body=self.body,
            signature=self.signature,
        ).SerializeToString()

    @classmethod
    def from_bytes(cls, data: bytes) -> "SignedRequest":
        """Return the request behind protobuf bytes.

        Raises:
            InvalidError: they are none, or the envoy is no UUID.
        """
        message = parsed(pb.SignedRequest(), data)
        return cls(
            protocol=message.protocol,
            server=ServerId(message.server),
            session=SessionId(message.session),
            envoy=parse_envoy_id(message.envoy),
            sequence=message.sequence,
            body=message.body,
            signature=message.signature,
        )


class Greeting(msgspec.Struct, frozen=True):
    """The body of Hello. `mark` stands for this start of this machine; empty where none can be told."""

    mark: str = ""

    def to_bytes(self) -> bytes:
        """Return the protobuf form."""
        return pb.HelloRequest(mark=self.mark).SerializeToString()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Greeting":
        """Return the greeting behind protobuf bytes, or raise InvalidError."""
        mark = parsed(pb.HelloRequest(), data).mark
        if len(mark) > MOST_MARK_CHARACTERS:
            raise InvalidError(f"expected a mark of at most {MOST_MARK_CHARACTERS} characters, found {len(mark)}")
        return cls(mark)


class Hello(msgspec.Struct, frozen=True):
    """The server's answer to Hello: what the next request must be signed for."""

    server: ServerId
    session: SessionId
    sequence: int

    def to_bytes(self) -> bytes:
        """Return the protobuf form."""
        return pb.HelloResponse(server=self.server, session=self.session, sequence=self.sequence).SerializeToString()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Hello":
        """Return the answer behind protobuf bytes, or raise InvalidError."""
        message = parsed(pb.HelloResponse(), data)
        return cls(ServerId(message.server), SessionId(message.session), message.sequence)


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """An envoy's current state in a few digests. An empty `bundle_digest` asks for a bundle."""

    bundle_digest: Digest = Digest("")
    traits_digest: Digest = Digest("")
    outcome_digest: Digest = Digest("")
    secrets_epoch: int = 0
    trust_version: int = 0


class CheckIn(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent says at each interval. `traits` are packed by `vigo.core.traits` and empty when unchanged."""

    fingerprint: Fingerprint
    traits: bytes = b""
    agent_version: str = ""
    now_unix_ms: int = 0

    def to_bytes(self) -> bytes:
        """Return the protobuf form."""
        return pb.CheckInRequest(
            fingerprint=pb.Fingerprint(
                bundle_digest=self.fingerprint.bundle_digest,
                traits_digest=self.fingerprint.traits_digest,
                outcome_digest=self.fingerprint.outcome_digest,
                secrets_epoch=self.fingerprint.secrets_epoch,
                trust_version=self.fingerprint.trust_version,
            ),
            traits=self.traits,
            agent_version=self.agent_version,
            now_unix_ms=self.now_unix_ms,
        ).SerializeToString()

    @classmethod
    def from_bytes(cls, data: bytes) -> "CheckIn":
        """Return the check-in behind protobuf bytes, or raise InvalidError."""
        message = parsed(pb.CheckInRequest(), data)
        found = message.fingerprint
        return cls(
            fingerprint=Fingerprint(
                bundle_digest=Digest(found.bundle_digest),
                traits_digest=Digest(found.traits_digest),
                outcome_digest=Digest(found.outcome_digest),
                secrets_epoch=found.secrets_epoch,
                trust_version=found.trust_version,
            ),
            traits=message.traits,
            agent_version=message.agent_version,
            now_unix_ms=message.now_unix_ms,
        )


class CheckInAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The server's answer. All defaults mean that nothing is new."""

    want_traits: bool = False
    bundle: SignedBundle | None = None
    interval: timedelta | None = None
    without_policy: bool = False
    secrets_epoch: int | None = None
    trust: tuple[SignedTrust, ...] = ()
    renew_certificate: bool = False

    def to_bytes(self) -> bytes:
        """Return the protobuf form."""
        message = pb.CheckInResponse(
            want_traits=self.want_traits,
            interval_seconds=0 if self.interval is None else int(self.interval.total_seconds()),
            without_policy=self.without_policy,
            secrets_epoch=self.secrets_epoch,
            trust=[pb.SignedTrust(content=one.content, signature=one.signature) for one in self.trust],
            renew_certificate=self.renew_certificate,
        )
        if self.bundle is not None:
            message.bundle.CopyFrom(
                pb.Bundle(
                    digest=self.bundle.digest,
                    generation=self.bundle.generation,
                    not_after_unix=int(self.bundle.not_after.timestamp()),
                    compressed_plan=self.bundle.compressed_plan,
                    signature=self.bundle.signature,
                )
            )
        return message.SerializeToString()

    @classmethod
    def from_bytes(cls, data: bytes) -> "CheckInAnswer":
        """Return the answer behind protobuf bytes, or raise InvalidError."""
        message = parsed(pb.CheckInResponse(), data)
        seconds = message.interval_seconds
        return cls(
            want_traits=message.want_traits,
            bundle=_bundle(message.bundle) if message.HasField("bundle") else None,
            interval=timedelta(seconds=seconds) if seconds else None,
            without_policy=message.without_policy,
            secrets_epoch=message.secrets_epoch if message.HasField("secrets_epoch") else None,
            trust=tuple(SignedTrust(one.content, one.signature) for one in message.trust),
            renew_certificate=message.renew_certificate,
        )


def _bundle(message: pb.Bundle) -> SignedBundle:
    return SignedBundle(
        digest=Digest(message.digest),
        generation=GenerationNumber(message.generation),
        not_after=_moment(message.not_after_unix * 1_000_000),
        compressed_plan=message.compressed_plan,
        signature=message.signature,
    )


_RESULTS_AT_ONCE: Final = 500


def _moment(microseconds: int) -> datetime:
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    except OverflowError as error:
        raise InvalidError(
            f"expected a moment between the years 1 and 9999, found {microseconds} microseconds"
        ) from error


def _microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def run_to_bytes(run: Run) -> bytes:
    """Return the body of ReportResult for a run.

    It is made of messages that follow each other, which is one message with all of their fields: so there are never
    more than a few results at once that are written out twice. Source: protobuf, encoding, "Last One Wins".
    """
    head = pb.ReportResultRequest(
        run_id=run.id,
        generation=run.generation,
        bundle_digest=run.bundle_digest,
        started_at_unix_us=_microseconds(run.started_at),
        duration_ms=run.duration_ms,
        offline=run.offline,
        dropped_runs=run.dropped_runs,
        cause=pb.RUN_CAUSE_UNSPECIFIED if run.cause is None else _CAUSES[run.cause],
        partial=run.partial,
    )
    parts = [head.SerializeToString()]
    for first in range(0, len(run.results), _RESULTS_AT_ONCE):
        some = run.results[first : first + _RESULTS_AT_ONCE]
        parts.append(pb.ReportResultRequest(results=map(_message_of, some)).SerializeToString())
    return b"".join(parts)


def _message_of(result: ResourceResult) -> pb.ResourceResult:
    outcome = _OUTCOMES[result.outcome]
    if not (result.changed or result.ops or result.diff or result.reason):
        return pb.ResourceResult(id=result.id, type=result.type, outcome=outcome, duration_ms=result.duration_ms)
    return pb.ResourceResult(
        id=result.id,
        type=result.type,
        outcome=outcome,
        changed=result.changed,
        ops=result.ops,
        diff=result.diff,
        reason=result.reason,
        duration_ms=result.duration_ms,
    )


def run_from_bytes(data: bytes) -> Run:
    """Return the run behind the body of ReportResult.

    Raises:
        InvalidError: the bytes are none, or a field holds what no agent sends.
    """
    message = parsed(pb.ReportResultRequest(), data)
    # Four bytes make a result: a message of the largest size would become gigabytes of values.
    if len(message.results) > MOST_RESULTS:
        raise InvalidError(f"expected at most {MOST_RESULTS} results in a run, found {len(message.results)}")
    return Run(
        id=parse_run_id(message.run_id),
        generation=GenerationNumber(message.generation),
        bundle_digest=Digest(message.bundle_digest),
        started_at=_moment(message.started_at_unix_us),
        duration_ms=message.duration_ms,
        offline=message.offline,
        dropped_runs=message.dropped_runs,
        # One that a newer agent knows says no more here than none.
        cause=_CAUSE_NAMES.get(message.cause),
        partial=message.partial,
        results=tuple(_result(result) for result in message.results),
    )


def _result(message: pb.ResourceResult) -> ResourceResult:
    outcome = _OUTCOME_NAMES.get(message.outcome)
    if outcome is None:
        raise InvalidError(f"expected one of the outcomes {', '.join(_OUTCOMES)}, found number {message.outcome}")
    return ResourceResult(
        id=ResourceId(message.id),
        type=message.type,
        outcome=outcome,
        changed=tuple(message.changed),
        ops=tuple(message.ops),
        diff=message.diff,
        reason=message.reason,
        duration_ms=message.duration_ms,
    )


class ReportAnswer(msgspec.Struct, frozen=True):
    """The acknowledgement of a run that is stored durably."""

    stored_before: bool = False

    def to_bytes(self) -> bytes:
        """Return the protobuf form."""
        return pb.ReportResultResponse(stored_before=self.stored_before).SerializeToString()

    @classmethod
    def from_bytes(cls, data: bytes) -> "ReportAnswer":
        """Return the acknowledgement behind protobuf bytes, or raise InvalidError."""
        return cls(parsed(pb.ReportResultResponse(), data).stored_before)


class Renewal(msgspec.Struct, frozen=True):
    """A request for a new certificate, or the certificate: one PEM text either way."""

    pem: str

    def to_request_bytes(self) -> bytes:
        """Return the protobuf form of the request."""
        return pb.RenewCertificateRequest(csr_pem=self.pem).SerializeToString()

    def to_answer_bytes(self) -> bytes:
        """Return the protobuf form of the answer."""
        return pb.RenewCertificateResponse(certificate_pem=self.pem).SerializeToString()

    @classmethod
    def from_request_bytes(cls, data: bytes) -> "Renewal":
        """Return the request behind protobuf bytes, or raise InvalidError."""
        return cls(parsed(pb.RenewCertificateRequest(), data).csr_pem)

    @classmethod
    def from_answer_bytes(cls, data: bytes) -> "Renewal":
        """Return the answer behind protobuf bytes, or raise InvalidError."""
        return cls(parsed(pb.RenewCertificateResponse(), data).certificate_pem)


class Methods:
    """The full paths of the gRPC methods; a path is also what a request's signature names."""

    HELLO = "/vigo.v1.Agent/Hello"
    CHECK_IN = "/vigo.v1.Agent/CheckIn"
    REPORT_RESULT = "/vigo.v1.Agent/ReportResult"
    RENEW_CERTIFICATE = "/vigo.v1.Agent/RenewCertificate"
    RESOLVE_SECRETS = "/vigo.v1.Agent/ResolveSecrets"
    SIGN_CERTIFICATE = "/vigo.v1.Agent/SignCertificate"
    AGENT_STREAM = "/vigo.v1.Agent/AgentStream"
    ALL = (HELLO, CHECK_IN, REPORT_RESULT, RENEW_CERTIFICATE, RESOLVE_SECRETS, SIGN_CERTIFICATE, AGENT_STREAM)

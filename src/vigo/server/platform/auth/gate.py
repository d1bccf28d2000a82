"""What every gRPC call goes through: the row of the table, the certificate, the signature, the sequence."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Protocol, TypeVar

from vigo.core.clock import Clock
from vigo.core.errors import (
    ForbiddenError,
    InvalidError,
    LapsedError,
    ReplayedError,
    StaleSessionError,
    UnauthenticatedError,
)
from vigo.core.ids import EnvoyId, ServerId, SessionId
from vigo.core.signing import VerifyKey
from vigo.core.wire.messages import SignedRequest
from vigo.server.platform.auth.pace import UNIT_BYTES, Pace
from vigo.server.platform.auth.table import GRPC, TABLE, Kind
from vigo.server.platform.rpc.method import Call, Method

AnswerT = TypeVar("AnswerT")

FLOOR: Final = 1
"""The oldest version of the signed frame that is accepted."""


MOST_SEQUENCE: Final = (1 << 63) - 1
"""What a signed 64-bit column of a database holds."""


class Envoy(Protocol):
    """What the gate knows and keeps of an envoy."""

    id: EnvoyId
    hostname: str
    sequence: int
    """The highest one that was accepted."""

    @property
    def is_active(self) -> bool:
        """Whether it may call; false from the moment of its revocation."""
        ...

    @property
    def key(self) -> VerifyKey:
        """Its signing key."""
        ...


class Roster(Protocol):
    """Who is enrolled."""

    def find(self, envoy: EnvoyId) -> Envoy | None:
        """Return the envoy, or None for one that was never enrolled here."""
        ...

    def note_sequence(self, envoy: Envoy, sequence: int) -> None:
        """Remember the highest sequence."""
        ...

    def note_refusal(self, envoy: EnvoyId, hostname: str, reason: str, source: str) -> None:
        """Report a call that looks like an attack or a copied identity."""
        ...


Handler = Callable[[Envoy, bytes], Awaitable[AnswerT]]


class Gate:
    """Lets a call in, or raises what its caller shall see."""

    def __init__(self, roster: Roster, server: ServerId, session: SessionId, clock: Clock) -> None:
        self.server = server
        self.session = session
        self._roster = roster
        self._clock = clock
        self._pace = Pace(clock)

    def admit(self, call: Call) -> None:
        """Accept the certificate behind a call, before the call's body is read.

        Raises:
            ForbiddenError: the method has no row in the table, or not one for envoys.
            LapsedError: the certificate has ended.
            UnauthenticatedError: no certificate, or that of an envoy which is not enrolled.
            UnavailableError: it calls too often.
        """
        rule = TABLE.get((GRPC, call.path))
        if rule is None or rule.kind is not Kind.ENVOY:
            raise ForbiddenError(f"{call.path} has no row for envoys in the authorisation table")
        peer = call.peer()
        self._check_life(peer.not_after)
        self._known(peer.envoy_id)
        self._pace.take(peer.envoy_id, 1)

    def method(
        self, path: str, handler: Handler[AnswerT], serialize: Callable[[AnswerT], bytes], most: int
    ) -> Method[SignedRequest, AnswerT]:
        """Return a gRPC method whose handler gets the envoy and the body of a request that passed every check."""

        async def handle(call: Call, request: SignedRequest) -> AnswerT:
            return await handler(self.open(call, request), request.body)

        return Method(
            path=path, handler=handle, parse=SignedRequest.from_bytes, serialize=serialize, max_request_bytes=most
        )

    def open(self, call: Call, request: SignedRequest) -> Envoy:
        """Return the envoy whose signed request this is, and take its sequence number.

        Raises:
            InvalidError: the frame is of a version below the floor.
            LapsedError: the certificate has ended.
            UnauthenticatedError: the envoy is not enrolled, or the signature is not its own.
            ForbiddenError: the request names another envoy than the certificate.
            StaleSessionError: it was signed for another server, or another start of this one.
            ReplayedError: its number is not above the last.
            UnavailableError: it sends too much.
        """
        envoy = self._signed(call, request)
        if request.server != self.server or request.session != self.session:
            raise StaleSessionError(
                "signed for another start of this server, or another server; say Hello and sign anew"
            )
        if not envoy.sequence < request.sequence <= MOST_SEQUENCE:
            self._refused(call, envoy.hostname, f"sequence {request.sequence} after {envoy.sequence}")
            raise ReplayedError(
                f"expected a sequence above {envoy.sequence}, found {request.sequence}: a repeated message, or a second"
                " machine with this identity"
            )
        self._roster.note_sequence(envoy, request.sequence)
        self._pace.take(envoy.id, len(request.body) // UNIT_BYTES)
        return envoy

    def greet(self, call: Call, request: SignedRequest) -> Envoy:
        """Return the envoy behind a Hello, which comes before there is a session to sign for.

        Raises: as `open`, but for session and sequence.
        """
        return self._signed(call, request)

    def _signed(self, call: Call, request: SignedRequest) -> Envoy:
        if request.protocol < FLOOR:
            raise InvalidError(
                f"expected a frame of version {FLOOR} or later, found {request.protocol}; update the agent"
            )
        peer = call.peer()
        # A connection outlives what happens while it is open, so life and revocation are looked at in each call.
        self._check_life(peer.not_after)
        if request.envoy != peer.envoy_id:
            self._refused(call, peer.hostname, f"asked as {request.envoy}")
            raise ForbiddenError(
                "expected the envoy of the client certificate in the request, found another; the certificate decides"
            )
        envoy = self._known(peer.envoy_id)
        envoy.key.verify_request(request.fields(call.path), request.signature)
        return envoy

    def _known(self, envoy_id: EnvoyId) -> Envoy:
        envoy = self._roster.find(envoy_id)
        if envoy is None:
            raise UnauthenticatedError("this envoy is not enrolled with this server; enrol the machine with a token")
        if not envoy.is_active:
            raise UnauthenticatedError(
                f"the envoy of {envoy.hostname} was revoked; enrol the machine anew if it shall be managed"
            )
        return envoy

    def _check_life(self, not_after: datetime) -> None:
        if not_after <= self._clock.now():
            raise LapsedError(
                f"the certificate ended at {not_after:%Y-%m-%d %H:%M:%S} UTC; enrol the machine anew, and check the"
                " clocks of both machines"
            )

    def _refused(self, call: Call, hostname: str, reason: str) -> None:
        source = "unknown" if call.client is None else call.client[0]
        self._roster.note_refusal(call.peer().envoy_id, hostname, reason, source)

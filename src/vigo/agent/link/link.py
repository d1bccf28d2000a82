"""The agent's side of the conversation: signed requests, in order, over whichever known server answers."""

import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from vigo.agent.identity.identity import Identity, IdentityFolder
from vigo.agent.link.address import DEFAULT_GRPC_PORT, parse_address
from vigo.agent.link.channel import Connection, OpenStream, client_context
from vigo.agent.link.faults import UntrustedServerError, explained
from vigo.agent.link.mark import machine_mark
from vigo.core.clock import Clock
from vigo.core.errors import (
    ForbiddenError,
    InvalidError,
    LapsedError,
    ReplayedError,
    StaleSessionError,
    TimedOutError,
    UnauthenticatedError,
    UnavailableError,
    VigoError,
)
from vigo.core.ids import ServerId, SessionId
from vigo.core.run import Run
from vigo.core.signing import SignedFields, SigningKey
from vigo.core.wire.messages import (
    CheckIn,
    CheckInAnswer,
    Greeting,
    Hello,
    Methods,
    Renewal,
    ReportAnswer,
    SignedRequest,
    run_to_bytes,
)
from vigo.core.wire.stream_messages import agent_message_to_bytes

if TYPE_CHECKING:
    from vigo.core.wire.secret_messages import Resolved

HELLO_TIMEOUT = timedelta(seconds=10)
CALL_TIMEOUT = timedelta(seconds=30)
HIGHEST_SEQUENCE = 1 << 62
"""Far beyond what any agent counts to, and far below what no server or journal could store any more."""

SEQUENCE_BLOCK = 64
"""How many sequence numbers are reserved with one write: a crash wastes at most so many."""

AnswerT = TypeVar("AnswerT")

_log = logging.getLogger(__name__)


class Sequences(Protocol):
    """Where the sequence numbers come from; a number is stored as used before any request carries it."""

    def reserve_sequence(self, count: int, above: int = 0) -> range:
        """Return fresh numbers above `above`."""
        ...

    def sequence(self) -> int:
        """Return the highest number that was reserved by anyone."""
        ...


class Link:
    """A conversation with the server that lasts as long as the connection does, and finds another when it breaks.

    Not for use by two tasks at once: the sequence only grows.
    """

    def __init__(self, identity: Identity, folder: IdentityFolder, clock: Clock) -> None:
        self._identity = identity
        self._folder = folder
        self._clock = clock
        self._key: SigningKey | None = None
        self._sequences: Sequences | None = None
        self._numbers = range(0)
        self._connection: Connection | None = None
        self._hello = Hello(ServerId(""), SessionId(""), 0)

    def use(self, sequences: Sequences) -> None:
        """Take sequence numbers from here. Those left over are only used on where nobody reserved others since."""
        self._sequences = sequences
        if self._numbers and sequences.sequence() != self._numbers[-1]:
            self._numbers = range(0)

    @property
    def is_open(self) -> bool:
        """Whether a connection is held that answered a Hello."""
        return self._connection is not None

    async def connect(self) -> None:
        """Open a connection to the first of the known servers that answers; one that is open is as good.

        Raises:
            DamagedError: the identity's files cannot be used.
            UnauthenticatedError: the server refuses this envoy.
            LapsedError: the certificate has ended.
            UntrustedServerError: who answers is of no CA that is trusted.
            UnavailableError: none answers; the message has each one's reason.
        """
        if self._connection is not None:
            return
        context = client_context(self._folder)
        if self._key is None:
            # Not before it is needed: without it the policy that is held can still be applied.
            self._key = self._folder.signing_key()
        problems: list[VigoError] = []
        for text in self._identity.grpc_addresses:
            problem = await self._try(text, context)
            if problem is None:
                return
            _log.info("server does not answer address=%s reason=%s", text, problem)
            problems.append(problem)
        refused = [one for one in problems if isinstance(one, UnauthenticatedError | ForbiddenError)]
        if refused:
            raise refused[0]
        told = "; ".join(map(str, problems)) or "the identity names no server; enrol with --force"
        if any(isinstance(one, UntrustedServerError) for one in problems):
            raise UntrustedServerError(told)
        lapsed = [one for one in problems if isinstance(one, LapsedError)]
        raise LapsedError(told) if lapsed else UnavailableError(told)

    async def check_in(self, message: CheckIn) -> CheckInAnswer:
        """Return the server's answer to a check-in."""
        return await self._call(Methods.CHECK_IN, message.to_bytes(), CheckInAnswer.from_bytes)

    async def report(self, run: Run) -> ReportAnswer:
        """Return the acknowledgement of a run, which the server has then stored durably."""
        return await self._call(Methods.REPORT_RESULT, run_to_bytes(run), ReportAnswer.from_bytes)

    async def renew(self, csr_pem: str) -> str:
        """Return a new client certificate as PEM."""
        return await self._call(
            Methods.RENEW_CERTIFICATE,
            Renewal(csr_pem).to_request_bytes(),
            lambda data: Renewal.from_answer_bytes(data).pem,
        )

    async def resolve_secrets(self, names: tuple[str, ...]) -> "Resolved":
        """Return the values of secrets by name, which travel sealed to a key that is made for this call alone.

        Raises:
            ForbiddenError: one of them is none of this envoy's own bundle.
        """
        # A run without secrets pays for none of this.
        from vigo.core.sealing import Reader  # noqa: PLC0415
        from vigo.core.wire.secret_messages import Resolved, ResolveSecrets  # noqa: PLC0415

        reader = Reader()
        body = ResolveSecrets(names, reader.keys).to_bytes()

        def answer(data: bytes) -> Resolved:
            return Resolved.from_bytes(data, reader, body, self._identity.envoy)

        return await self._call(Methods.RESOLVE_SECRETS, body, answer)

    async def sign_certificate(self, csr_pem: str, days: int) -> str:
        """Return a certificate for a service on this machine, with that of its CA, as PEM.

        Raises:
            ForbiddenError: the server does not sign these names for this machine.
        """
        from vigo.core.wire.certificate_messages import SignCertificate, SignedChain  # noqa: PLC0415 - few runs do

        body = SignCertificate(csr_pem, days).to_bytes()
        return await self._call(Methods.SIGN_CERTIFICATE, body, lambda data: SignedChain.from_bytes(data).pem)

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[OpenStream]:
        """Give the stream that this envoy holds, opened by a signed request; a connection is made where none is open.

        Once it is given the link is free for other calls.

        Raises:
            VigoError: it cannot be opened, or ended, with the reason.
        """
        await self.connect()
        connection = self._connection
        if connection is None:
            raise UnavailableError("expected an open connection, found none; trying again helps")
        opening = self._request(Methods.AGENT_STREAM, b"", self._hello)
        try:
            async with connection.stream(Methods.AGENT_STREAM) as stream:
                await stream.send(agent_message_to_bytes(opening))
                yield stream
        except (StaleSessionError, ReplayedError):
            # The library connects anew by itself, to a server that was started anew: the next one begins with a Hello.
            await self.close()
            raise
        except VigoError:
            raise
        except Exception as error:
            raise explained(error, str(connection.address), self._clock.now()) from error

    async def renewed(self, identity: Identity) -> None:
        """Use another certificate from the next connection on."""
        self._identity = identity
        await self.close()

    async def close(self) -> None:
        """Close the connection, if one is open."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()

    async def _call(self, method: str, body: bytes, parse: Callable[[bytes], AnswerT]) -> AnswerT:
        """Return the parsed answer of a signed call; every call may be repeated without a second effect.

        Raises:
            UnauthenticatedError: the server refuses this envoy.
            UnavailableError: no server answers.
            VigoError: what else the server answered.
        """
        was_open = self.is_open
        await self.connect()
        try:
            return parse(await self._once_more_if_stale(method, body))
        except (LapsedError, UnavailableError, TimedOutError):
            await self.close()
            if not was_open:
                raise
        # The connection was an old one: the network may have dropped it silently since it was last used, or it was
        # opened with a certificate that was renewed since.
        await self.connect()
        try:
            return parse(await self._once_more_if_stale(method, body))
        except (LapsedError, UnavailableError, TimedOutError):
            await self.close()
            raise

    async def _once_more_if_stale(self, method: str, body: bytes) -> bytes:
        try:
            return await self._signed(method, body, self._hello, CALL_TIMEOUT)
        except (StaleSessionError, ReplayedError):
            # The server was started anew, or has seen a later number: from an older state folder, or from a second
            # machine with this identity.
            await self._greet()
            return await self._signed(method, body, self._hello, CALL_TIMEOUT)

    async def _try(self, text: str, context: ssl.SSLContext) -> VigoError | None:
        """Connect to one server and greet it; return why that failed."""
        try:
            address = parse_address(text, DEFAULT_GRPC_PORT)
            self._connection = Connection(address, context)
            await self._explaining(self._connection.open())
            await self._greet()
        except VigoError as error:
            await self.close()
            return error
        return None

    async def _greet(self) -> None:
        nobody = Hello(ServerId(""), SessionId(""), 0)
        greeting = Greeting(machine_mark(self._identity.envoy)).to_bytes()
        hello = Hello.from_bytes(await self._signed(Methods.HELLO, greeting, nobody, HELLO_TIMEOUT))
        if hello.sequence > HIGHEST_SEQUENCE:
            # Counting on from there would use up all numbers, for good.
            raise InvalidError(
                f"expected a sequence up to {HIGHEST_SEQUENCE} from the server, found {hello.sequence}; revoke this"
                " envoy and enrol the machine anew"
            )
        self._hello = hello

    async def _signed(self, method: str, body: bytes, hello: Hello, limit: timedelta) -> bytes:
        if self._connection is None:
            raise UnavailableError("expected an open connection, found none; trying again helps")
        request = self._request(method, body, hello)
        return await self._explaining(self._connection.call(method, request.to_bytes(), limit))

    def _request(self, method: str, body: bytes, hello: Hello) -> SignedRequest:
        if self._key is None:
            raise UnavailableError("expected an open connection, found none; trying again helps")
        sequence = self._next_number()
        envoy = self._identity.envoy
        fields = SignedFields(method, hello.server, hello.session, envoy, sequence, body)
        return SignedRequest(
            server=hello.server,
            session=hello.session,
            envoy=envoy,
            sequence=sequence,
            body=body,
            signature=self._key.sign_request(fields),
        )

    async def _explaining(self, work: Awaitable[AnswerT]) -> AnswerT:
        where = "the server" if self._connection is None else str(self._connection.address)
        try:
            return await work
        except VigoError:
            raise
        except Exception as error:
            raise explained(error, where, self._clock.now()) from error

    def _next_number(self) -> int:
        if self._sequences is None:
            raise UnavailableError("expected a journal to take sequence numbers from, found none")
        left = range(max(self._numbers.start, self._hello.sequence + 1), self._numbers.stop)
        if not left:
            left = self._sequences.reserve_sequence(SEQUENCE_BLOCK, above=self._hello.sequence)
        self._numbers = left[1:]
        return left[0]

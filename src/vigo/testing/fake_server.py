"""A vigosrv in this process: real TLS, real signatures, and only as much behind them as the agent can see."""

import asyncio
import http.server
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
from grpclib.const import Cardinality, Handler, Status
from grpclib.encoding.base import CodecBase
from grpclib.protocol import H2Protocol
from grpclib.server import Server, Stream

from vigo.core.bundle import SignedBundle, seal
from vigo.core.enrolment import CA_PATH, ENROL_PATH, EnrolAnswer, EnrolRequest
from vigo.core.errors import (
    CODES,
    InvalidError,
    ReplayedError,
    StaleSessionError,
    UnauthenticatedError,
    VigoError,
)
from vigo.core.ids import EnvoyId, GenerationNumber, RunId, ServerId, SessionId, new_envoy_id
from vigo.core.plan import Plan
from vigo.core.run import Run
from vigo.core.signing import SigningKey, VerifyKey
from vigo.core.traits import Traits, unpack_traits
from vigo.core.wire.messages import (
    CheckIn,
    CheckInAnswer,
    Hello,
    Methods,
    Renewal,
    ReportAnswer,
    SignedRequest,
    run_from_bytes,
)
from vigo.core.wire.secret_messages import Resolved, ResolveSecrets
from vigo.core.wire.stream_messages import (
    AgentMessage,
    ServerMessage,
    StreamOpened,
    agent_message_from_bytes,
    server_message_to_bytes,
)
from vigo.testing.fake_pki import FakeCa

T = TypeVar("T")
Intercept = Callable[[str, SignedRequest], bytes | None]
"""Sees each call first; returns an answer, raises an error, or returns None to let the server answer."""


class _Raw(CodecBase):
    __content_subtype__ = "proto"

    def encode(self, message: Any, message_type: Any) -> bytes:
        del message_type
        return bytes(message)

    def decode(self, data: bytes, message_type: Any) -> bytes:
        del message_type
        return data


class FakeServer:
    """Listens on loopback while it is entered. Tests read and set its fields between calls."""

    def __init__(self) -> None:
        self.ca = FakeCa()
        self.policy_key = SigningKey.generate()
        self.server_id = ServerId("fake-server")
        self.sessions = 0
        self.token = "good-token"  # noqa: S105 - a made-up token
        self.keys: dict[EnvoyId, VerifyKey] = {}
        self.hostnames: dict[EnvoyId, str] = {}
        self.sequences: dict[EnvoyId, int] = {}
        self.revoked: set[EnvoyId] = set()
        self.traits: dict[EnvoyId, Traits] = {}
        self.traits_digest: dict[EnvoyId, str] = {}
        self.bundle: SignedBundle | None = None
        self.runs: dict[RunId, Run] = {}
        self.reports = 0
        self.calls: list[str] = []
        self.requests: list[SignedRequest] = []
        self.check_ins: list[CheckIn] = []
        self.interval: timedelta | None = None
        self.secrets: dict[str, str] = {}
        self.secrets_epoch = 0
        self.intercept: Intercept = lambda _method, _request: None
        self.certificate_life = timedelta(days=90)
        self.extra_addresses: tuple[str, ...] = ()
        self.names: tuple[str, ...] = ("localhost", "127.0.0.1")
        self.certificate_begins_at: datetime | None = None
        self.beat = timedelta(seconds=10)
        self.streams: dict[EnvoyId, asyncio.Queue[ServerMessage]] = {}
        self.heard: list[AgentMessage | None] = []
        self.api_port = 0
        self.grpc_port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake server", daemon=True)
        self._web: http.server.ThreadingHTTPServer | None = None
        self._grpc: _GrpcServer | None = None

    @property
    def url(self) -> str:
        """What `vigo enroll --server` is given."""
        return f"https://127.0.0.1:{self.api_port}"

    def publish(self, plan: Plan, generation: int, life: timedelta = timedelta(days=30)) -> SignedBundle:
        """Make a plan the current one of every envoy."""
        self.bundle = seal(plan, GenerationNumber(generation), datetime.now(UTC) + life, self.policy_key)
        return self.bundle

    def start(self) -> None:
        """Listen; a start is a new session. The ports stay the same from one start to the next."""
        self.sessions += 1
        self._web = _WebServer(("127.0.0.1", self.api_port), self)
        self._web.socket = self._context(mutual=False).wrap_socket(self._web.socket, server_side=True)
        self.api_port = self._web.server_address[1]
        threading.Thread(target=self._web.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self._run(self._start_grpc())

    def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._web is not None:
            self._web.shutdown()
            self._web.server_close()
            self._web = None
        if self._grpc is not None:
            self._run(self._grpc.end())
            self._grpc = None

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def enrol(self, request: EnrolRequest) -> EnrolAnswer:
        """Return an identity, the same again for a repeat with the same key."""
        key = VerifyKey(bytes.fromhex(request.signing_key))
        key.verify(request.signed_message(), bytes.fromhex(request.signature))
        if request.token != self.token:
            raise UnauthenticatedError("expected a token that is in force, found another; make one with vigocli")
        envoy = next((one for one, known in self.keys.items() if known.public == key.public), new_envoy_id())
        self.keys[envoy] = key
        self.hostnames[envoy] = request.hostname
        return EnrolAnswer(
            envoy=envoy,
            hostname=request.hostname,
            certificate_pem=self.ca.client_pem(request.csr_pem, envoy, life=self.certificate_life),
            ca_pem=self.ca.pem,
            policy_keys=(self.policy_key.public.hex(),),
            server=self.server_id,
            grpc_addresses=(*self.extra_addresses, f"127.0.0.1:{self.grpc_port}"),
            interval_seconds=300,
        )

    def answer(self, method: str, data: bytes) -> bytes:
        """Return the answer to a call, or raise what the server would refuse it with."""
        request = SignedRequest.from_bytes(data)
        self.calls.append(method)
        self.requests.append(request)
        intercepted = self.intercept(method, request)
        if intercepted is not None:
            return intercepted
        self._check(method, request)
        if method == Methods.HELLO:
            seen = self.sequences.get(request.envoy, 0)
            return Hello(self.server_id, self._session(), seen).to_bytes()
        if method == Methods.CHECK_IN:
            return self._check_in(request.envoy, CheckIn.from_bytes(request.body)).to_bytes()
        if method == Methods.REPORT_RESULT:
            run = run_from_bytes(request.body)
            self.reports += 1
            known = run.id in self.runs
            self.runs.setdefault(run.id, run)
            return ReportAnswer(known).to_bytes()
        if method == Methods.RESOLVE_SECRETS:
            asked = ResolveSecrets.from_bytes(request.body)
            values = {name: self.secrets[name] for name in asked.names if name in self.secrets}
            problems = {name: "it is not in the vault" for name in asked.names if name not in values}
            return Resolved(values, problems).to_bytes(asked.keys, request.body, request.envoy)
        csr = Renewal.from_request_bytes(request.body).pem
        return Renewal(self.ca.client_pem(csr, request.envoy, life=self.certificate_life)).to_answer_bytes()

    def hold(self, opening: AgentMessage | None) -> EnvoyId:
        """Return whose stream this is, or raise what the server would refuse it with."""
        if not isinstance(opening, SignedRequest):
            raise InvalidError("expected a stream to begin with a signed request, found another message")
        self._check(Methods.AGENT_STREAM, opening)
        return opening.envoy

    def say(self, envoy: EnvoyId, message: ServerMessage) -> None:
        """Tell an envoy something on the stream that it holds."""
        self._loop.call_soon_threadsafe(self.streams[envoy].put_nowait, message)

    def _check(self, method: str, request: SignedRequest) -> None:
        key = self.keys.get(request.envoy)
        if key is None or request.envoy in self.revoked:
            raise UnauthenticatedError("this envoy was revoked; enrol it anew if it shall be managed")
        key.verify_request(request.fields(method), request.signature)
        if method == Methods.HELLO:
            return  # it has no effect, and it is how an agent that lost its journal learns where to go on
        if request.session != self._session():
            raise StaleSessionError("signed for another start of this server; say Hello")
        if request.sequence <= self.sequences.get(request.envoy, 0):
            raise ReplayedError(f"expected a sequence above {self.sequences[request.envoy]}, found {request.sequence}")
        self.sequences[request.envoy] = request.sequence

    def _check_in(self, envoy: EnvoyId, message: CheckIn) -> CheckInAnswer:
        self.check_ins.append(message)
        if message.traits:
            self.traits[envoy] = unpack_traits(message.traits)
            self.traits_digest[envoy] = message.fingerprint.traits_digest
        wanted = self.traits_digest.get(envoy) != message.fingerprint.traits_digest
        is_current = self.bundle is not None and self.bundle.digest == message.fingerprint.bundle_digest
        return CheckInAnswer(
            want_traits=wanted,
            bundle=None if is_current else self.bundle,
            interval=self.interval,
            without_policy=self.bundle is None,
            secrets_epoch=None if self.secrets_epoch == message.fingerprint.secrets_epoch else self.secrets_epoch,
        )

    def _session(self) -> SessionId:
        return SessionId(f"session-{self.sessions}")

    def _context(self, *, mutual: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "server.pem")
            path.write_text(self.ca.server_pem(self.names, self.certificate_begins_at))
            context.load_cert_chain(path)
        if mutual:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=self.ca.pem)
            context.set_alpn_protocols(["h2"])
        return context

    async def _start_grpc(self) -> None:
        # asyncio only turns Nagle's algorithm off where the protocol is named: without it each answer takes 40 ms.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.grpc_port))
        self.grpc_port = listener.getsockname()[1]
        self._grpc = _GrpcServer(_Service(self))
        await self._grpc.start(sock=listener, ssl=self._context(mutual=True))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


class _GrpcServer(Server):
    """Drops its connections when it stops, as a process that ends does; grpclib would let them live on."""

    def __init__(self, service: "_Service") -> None:
        super().__init__([service], codec=_Raw())
        self._protocols: list[H2Protocol] = []

    def _protocol_factory(self) -> H2Protocol:
        self._protocols.append(super()._protocol_factory())
        return self._protocols[-1]

    async def end(self) -> None:
        """Stop listening and drop every connection."""
        self.close()
        for protocol in self._protocols:
            if hasattr(protocol, "processor"):
                protocol.processor.close()
        await self.wait_closed()


class _Service:
    def __init__(self, server: FakeServer) -> None:
        self._server = server

    def __mapping__(self) -> dict[str, Handler]:
        stream = Handler(self._hold, Cardinality.STREAM_STREAM, bytes, bytes)
        unary = (method for method in Methods.ALL if method != Methods.AGENT_STREAM)
        handlers = {method: Handler(self._handler(method), Cardinality.UNARY_UNARY, bytes, bytes) for method in unary}
        return handlers | {Methods.AGENT_STREAM: stream}

    async def _hold(self, stream: Stream[bytes, bytes]) -> None:
        """Hold an agent's stream until either end goes; what it answers is noted."""
        server, opening = self._server, agent_message_from_bytes(await stream.recv_message() or b"")
        try:
            envoy = server.hold(opening)
        except VigoError as error:
            await _refuse(stream, error)
            return
        waiting: asyncio.Queue[ServerMessage] = asyncio.Queue()
        server.streams[envoy] = waiting
        await stream.send_message(server_message_to_bytes(StreamOpened(server.beat)))
        saying = asyncio.create_task(_say(stream, waiting))
        try:
            while (data := await stream.recv_message()) is not None:
                server.heard.append(agent_message_from_bytes(data))
        finally:
            saying.cancel()
            if server.streams.get(envoy) is waiting:
                del server.streams[envoy]

    def _handler(self, method: str) -> Callable[[Stream[bytes, bytes]], Coroutine[Any, Any, None]]:
        async def handle(stream: Stream[bytes, bytes]) -> None:
            request = await stream.recv_message()
            try:
                answer = self._server.answer(method, request or b"")
            except VigoError as error:
                await _refuse(stream, error)
                return
            await stream.send_message(answer)

        return handle


async def _say(stream: Stream[bytes, bytes], waiting: "asyncio.Queue[ServerMessage]") -> None:
    while True:
        await stream.send_message(server_message_to_bytes(await waiting.get()))


async def _refuse(stream: Stream[bytes, bytes], error: VigoError) -> None:
    await stream.send_trailing_metadata(
        status=Status(CODES[error.code].grpc_status),
        status_message=str(error),
        metadata={"vigo-error": error.code},
    )


class _WebServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], fake: FakeServer) -> None:
        self.fake = fake
        super().__init__(address, _Bootstrap)

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: a client that does not trust this server is what tests want."""


class _Bootstrap(http.server.BaseHTTPRequestHandler):
    server: _WebServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Stay silent."""

    def do_GET(self) -> None:
        """Serve the CA."""
        if self.path == CA_PATH:
            self._send(200, self.server.fake.ca.pem.encode(), "application/x-pem-file")
        else:
            self._send(404, b"", "text/plain")

    def do_POST(self) -> None:
        """Serve enrolments."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        try:
            if self.path != ENROL_PATH:
                raise InvalidError(f"no such route: {self.path}")
            answer = self.server.fake.enrol(msgspec.json.decode(body, type=EnrolRequest))
        except VigoError as error:
            status = error.mapping.http_status
            problem = {"type": "about:blank", "status": status, "code": error.code, "detail": str(error)}
            self._send(status, msgspec.json.encode(problem), "application/problem+json")
            return
        self._send(200, msgspec.json.encode(answer), "application/json")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

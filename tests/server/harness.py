"""A real server in this process, on loopback over real TLS, and machines that talk to it with the agent's own code."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec

from vigo.agent.identity.identity import Identity, IdentityFolder
from vigo.agent.identity.tls import new_key, signing_request
from vigo.agent.link.address import Address, parse_address
from vigo.agent.link.channel import Connection, client_context
from vigo.agent.link.enrolment import Enrolled, Wanted, enrol
from vigo.core.encoding import digest
from vigo.core.enrolment import EnrolRequest, enrol_message
from vigo.core.ids import EnvoyId, GenerationNumber, ResourceId, RunId, ServerId, SessionId, new_run_id
from vigo.core.named_task import NamedTask
from vigo.core.plan import Origin, Plan, PlannedResource
from vigo.core.run import Outcome, ResourceResult, Run
from vigo.core.saved_query import SavedQuery
from vigo.core.scrier import ScrierRule
from vigo.core.secret_marker import SecretMarker
from vigo.core.signing import SignedFields, SigningKey
from vigo.core.wire.messages import (
    CheckIn,
    CheckInAnswer,
    Fingerprint,
    Hello,
    Methods,
    ReportAnswer,
    SignedRequest,
    run_to_bytes,
)
from vigo.core.wire.stream_messages import agent_message_to_bytes
from vigo.core.workflow import Workflow
from vigo.policy.compliance import Compliance
from vigo.server.app import App, build
from vigo.server.features.generations.compiler import FolderCompiler
from vigo.server.features.generations.models import Compile, CompiledStacks, Finding
from vigo.server.platform.folder.initialise import initialise, is_initialised, make_root
from vigo.server.platform.folder.layout import DataFolder
from vigo.server.platform.settings.model import CurrentSettings, Settings
from vigo.server.running import Running
from vigo.testing.clock import FakeClock

LOOPBACK = Settings(grpc_listen="127.0.0.1:0", api_listen="127.0.0.1:0")
TTL = 3600


class ToyPolicy:
    """Covers every hostname but those that begin with `none`; its plan is the text of the stacks."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.entries = (Origin("envoys.vgo", 2),)
        self.planned = 0

    def match(self, hostname: str) -> Origin | None:
        return None if hostname.startswith("none") else self.entries[0]

    def plan(self, entry: Origin) -> Plan:
        self.planned += 1
        resource = PlannedResource(
            id=ResourceId("toy/text"), type="file", origin=entry, fields={"path": "/etc/toy", "content": self.text}
        )
        return Plan(entry=entry, match=("*",), environment="test", roles=("toy",), resources=(resource,))

    def scrier_rule(self, hostname: str) -> ScrierRule | None:
        """Let everyone in as nobody, and to port 22, where the text says `scrier`; not on hosts called `no...`."""
        has_one = "scrier" in self.text and not hostname.startswith("no")
        return ScrierRule(users={"*": "nobody"}, ports=(22,)) if has_one else None

    def named_tasks(self) -> Mapping[str, NamedTask]:
        """Declare none: the compiler's own are tried with it."""
        return {}

    def workflows(self) -> Mapping[str, Workflow]:
        """Declare none either."""
        return {}

    def secret_references(self) -> Sequence[tuple[SecretMarker, Origin]]:
        """Refer to none either."""
        return ()

    def saved_queries(self) -> Mapping[str, SavedQuery]:
        """Declare none either."""
        return {}

    def compliance(self) -> Compliance:
        """Claim nothing."""
        return Compliance({}, {}, ())


def toy_compile(root: Path) -> CompiledStacks:
    """Refuse stacks that say `error`, warn of those that say `warning`."""
    text = "".join(path.read_text() for path in sorted(root.rglob("*.vgo")))
    findings = tuple(
        Finding(
            severity=word, code=f"toy-{word}", message=f"found the word {word}", file="envoys.vgo", line=3, column=5
        )
        for word in ("error", "warning")
        if word in text
    )
    return CompiledStacks(None if "error" in text else ToyPolicy(text), findings)


compile_folder = FolderCompiler(FakeClock())
"""The compiler that a server has, one for all tests: what one of them compiled must make no difference to another."""


class Server:
    """A `vigosrv` that runs. `restart` is a new start on the same data folder."""

    def __init__(self, root: Path, compiler: Compile = toy_compile, settings: Settings = LOOPBACK) -> None:
        self.folder = DataFolder(root)
        self.clock = FakeClock(datetime.now(UTC))
        self.compiler = compiler
        self.settings = settings
        self.app: App
        self.running: Running

    async def start(self) -> None:
        make_root(self.folder)
        if not is_initialised(self.folder):
            initialise(self.folder, self.clock)
        self.app = build(self.folder, CurrentSettings(self.settings), self.clock, (), self.compiler)
        self.running = Running(self.app)
        await self.running.start()

    async def stop(self) -> None:
        await self.running.stop()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    @property
    def grpc(self) -> Address:
        return parse_address(self.app.addresses.grpc()[0], 1530)

    @property
    def url(self) -> str:
        return self.app.addresses.api_url()

    @property
    def admin_token(self) -> str:
        return self.folder.admin_token.read_text().strip()

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.folder.ca_certificate))

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.url,
            verify=self.context(),
            headers={"Authorization": f"Bearer {token or self.admin_token}"},
            trust_env=False,
            timeout=30,
        )

    async def request(self, verb: str, path: str, json: Any = None) -> httpx.Response:
        async with self.client() as client:
            return await client.request(verb, path, json=json)

    async def token(self, hostname: str = "*", uses: int = 1, ttl_seconds: int = TTL) -> dict[str, Any]:
        body = {"hostname": hostname, "ttl_seconds": ttl_seconds, "uses": uses}
        answer = await self.request("POST", "/api/v1/tokens", body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def publish(self, message: str = "because") -> dict[str, Any]:
        answer = await self.request("POST", "/api/v1/generations", {"message": message})
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    def write_stacks(self, files: dict[str, str]) -> None:
        for path in sorted(self.folder.stacks.rglob("*.vgo")):
            path.unlink()
        for name, text in files.items():
            path = self.folder.stacks / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def ca_sha256(server: Server) -> str:
    """Return the fingerprint that an enrolling machine is given."""
    return digest(ssl.PEM_cert_to_DER_cert(server.folder.ca_certificate.read_text()))


def served(test: Callable[[Server, Path], Awaitable[None]]) -> Callable[[Path], None]:
    """Return a test that runs with a server of its own."""

    def run(tmp_path: Path) -> None:
        async def everything() -> None:
            server = Server(tmp_path / "data")
            await server.start()
            try:
                await test(server, tmp_path)
            finally:
                await server.stop()

        asyncio.run(everything())

    return run


@asynccontextmanager
async def without_audit(server: Server) -> AsyncIterator[None]:
    """While this lasts, nothing can be written into the audit trail."""
    await server.app.database.write(lambda connection: connection.exec_driver_sql("ALTER TABLE audit RENAME TO gone"))
    yield
    await server.app.database.write(lambda connection: connection.exec_driver_sql("ALTER TABLE gone RENAME TO audit"))


class Machine:
    """An enrolled machine: the agent's identity, its connection, and requests that a test can bend."""

    def __init__(self, server: Server, state: Path, identity: Identity) -> None:
        self.server = server
        self.identity = identity
        self.folder = IdentityFolder(state)
        self.key = self.folder.signing_key()
        self.sequence = 0
        self.hello = Hello(ServerId(""), SessionId(""), 0)
        self.connection = Connection(server.grpc, client_context(self.folder))

    @classmethod
    async def enrolled(
        cls, server: Server, state: Path, hostname: str, token: dict[str, Any] | None = None
    ) -> "Machine":
        made = token or await server.token(hostname)
        done = await asyncio.to_thread(
            enrol,
            IdentityFolder(state),
            server.clock,
            Wanted(made["server"], made["ca_sha256"], hostname, made["token"]),
        )
        assert isinstance(done, Enrolled)
        return cls(server, state, done.identity)

    async def __aenter__(self) -> Self:
        await self.greet()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connection.close()

    @property
    def id(self) -> EnvoyId:
        return self.identity.envoy

    async def reconnect(self) -> None:
        await self.connection.close()
        self.connection = Connection(self.server.grpc, client_context(self.folder))

    def request(self, method: str, body: bytes = b"", **bent: Any) -> SignedRequest:
        """Return the next request, signed; what is bent is bent before the signature."""
        self.sequence += 1
        fields: dict[str, Any] = {
            "server": self.hello.server,
            "session": self.hello.session,
            "envoy": self.id,
            "sequence": self.sequence,
            "body": body,
        } | bent
        signature = self.key.sign_request(SignedFields(method, **fields))
        return SignedRequest(**fields, signature=signature)

    async def send(self, method: str, request: SignedRequest) -> bytes:
        is_stream = method.lower().rstrip("/").endswith("agentstream")
        data = agent_message_to_bytes(request) if is_stream else request.to_bytes()
        return await self.connection.call(method, data, timedelta(seconds=10))

    async def call(self, method: str, body: bytes = b"", **bent: Any) -> bytes:
        return await self.send(method, self.request(method, body, **bent))

    async def greet(self) -> Hello:
        self.hello = Hello.from_bytes(await self.call(Methods.HELLO, server=ServerId(""), session=SessionId("")))
        self.sequence = max(self.sequence, self.hello.sequence)
        return self.hello

    async def report(self, run: Run) -> ReportAnswer:
        return ReportAnswer.from_bytes(await self.call(Methods.REPORT_RESULT, run_to_bytes(run)))

    async def check_in(self, **said: Any) -> CheckInAnswer:
        message = CheckIn(
            fingerprint=Fingerprint(
                bundle_digest=said.pop("bundle_digest", ""), traits_digest=said.pop("traits_digest", "")
            ),
            **said,
        )
        return CheckInAnswer.from_bytes(await self.call(Methods.CHECK_IN, message.to_bytes()))


def a_run(run_id: str = "", outcome: Outcome = "changed", **other: Any) -> Run:
    """Return a run with one resource."""
    values: dict[str, Any] = {
        "id": RunId(run_id) if run_id else new_run_id(),
        "generation": GenerationNumber(1),
        "bundle_digest": digest(b"bundle"),
        "started_at": datetime.now(UTC).replace(microsecond=0),
        "duration_ms": 12.5,
        "results": (ResourceResult(id=ResourceId("toy/text"), type="file", outcome=outcome, reason="because"),),
    }
    return Run(**values | other)


def enrol_request(token: str, hostname: str, key: SigningKey | None = None, csr_pem: str | None = None) -> EnrolRequest:
    signer = key or SigningKey.generate()
    csr = csr_pem or signing_request(new_key(), hostname)
    public = signer.public.hex()
    signature = signer.sign(enrol_message(token, hostname, csr, public)).hex()
    return EnrolRequest(token=token, hostname=hostname, csr_pem=csr, signing_key=public, signature=signature)


async def post_enrolment(server: Server, request: EnrolRequest) -> httpx.Response:
    async with httpx.AsyncClient(base_url=server.url, verify=server.context(), trust_env=False) as client:
        return await client.post("/bootstrap/v1/enroll", content=msgspec.json.encode(request))

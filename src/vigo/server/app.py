"""The server put together: the only place that picks implementations."""

import secrets
from collections.abc import Callable, Sequence

import msgspec
from litestar import Litestar

from vigo.core.clock import Clock
from vigo.core.ids import Digest, SessionId
from vigo.server.features.access import rest as access_rest
from vigo.server.features.access.service import AccessService
from vigo.server.features.audit import rest as audit_rest
from vigo.server.features.audit.service import AuditService
from vigo.server.features.bootstrap import rest as bootstrap_rest
from vigo.server.features.bootstrap.service import BootstrapService
from vigo.server.features.certificates import rest as certificates_rest
from vigo.server.features.certificates import rpc as certificates_rpc
from vigo.server.features.certificates.service import MOST_SIGNED_IN_A_MINUTE, CertificateService
from vigo.server.features.checkin import rpc as checkin_rpc
from vigo.server.features.checkin.service import CheckInService
from vigo.server.features.compliance import rest as compliance_rest
from vigo.server.features.compliance.service import ComplianceService
from vigo.server.features.enrolment import rest as enrolment_rest
from vigo.server.features.enrolment import rpc as enrolment_rpc
from vigo.server.features.enrolment.queue import ApprovalQueue
from vigo.server.features.enrolment.service import EnrolmentService, ServerIdentity
from vigo.server.features.envoys import rest as envoys_rest
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.events import rest as events_rest
from vigo.server.features.events.service import EventService
from vigo.server.features.explaining import rest as explaining_rest
from vigo.server.features.explaining.service import ExplainingService
from vigo.server.features.generations import rest as generations_rest
from vigo.server.features.generations.compiler import FolderCompiler
from vigo.server.features.generations.live import Sealer
from vigo.server.features.generations.models import Compile
from vigo.server.features.generations.service import GenerationService
from vigo.server.features.health import rest as health_rest
from vigo.server.features.health.service import HealthService
from vigo.server.features.history import rest as history_rest
from vigo.server.features.history.service import HistoryService
from vigo.server.features.keys import rest as keys_rest
from vigo.server.features.keys.service import KeyService
from vigo.server.features.metrics import rest as metrics_rest
from vigo.server.features.metrics.service import MetricsService
from vigo.server.features.notifications import rest as notifications_rest
from vigo.server.features.notifications.noticing import Noticing
from vigo.server.features.notifications.sending import Sender
from vigo.server.features.notifications.service import NotificationService
from vigo.server.features.pages.parts import Parts
from vigo.server.features.pages.rendering import Pages
from vigo.server.features.pages.service import routes as page_routes
from vigo.server.features.people import rest as people_rest
from vigo.server.features.people.directory import Directory
from vigo.server.features.people.identities import Identities
from vigo.server.features.people.one_time import OneTimeCodes
from vigo.server.features.people.passwords import Passwords
from vigo.server.features.people.service import PeopleService
from vigo.server.features.people.signing_in import SigningIn
from vigo.server.features.people.store import everybody, sessions
from vigo.server.features.planning import rest as planning_rest
from vigo.server.features.planning.service import PlanningService
from vigo.server.features.pushes import rest as pushes_rest
from vigo.server.features.pushes.service import PushService
from vigo.server.features.runs import rest as runs_rest
from vigo.server.features.runs import rpc as runs_rpc
from vigo.server.features.runs.service import RunService
from vigo.server.features.schemas import rest as schemas_rest
from vigo.server.features.schemas.service import SchemaService
from vigo.server.features.scriers import rest as scriers_rest
from vigo.server.features.scriers.driver import ScrierDriver
from vigo.server.features.scriers.recording import Recordings
from vigo.server.features.scriers.service import ScrierService
from vigo.server.features.secrets import rest as secrets_rest
from vigo.server.features.secrets import rpc as secrets_rpc
from vigo.server.features.secrets.checking import SecretCheck
from vigo.server.features.secrets.opening import asked_passphrase, opened_store
from vigo.server.features.secrets.service import SecretService
from vigo.server.features.streams import rpc as streams_rpc
from vigo.server.features.streams.service import StreamService
from vigo.server.features.tasks import rest as tasks_rest
from vigo.server.features.tasks.driver import TaskDriver
from vigo.server.features.tasks.named import NamedTasks
from vigo.server.features.tasks.service import TaskService
from vigo.server.features.tokens import rest as tokens_rest
from vigo.server.features.tokens.service import TokenService
from vigo.server.features.workflows import rest as workflows_rest
from vigo.server.features.workflows.driver import WorkflowDriver
from vigo.server.features.workflows.machines import Machines
from vigo.server.features.workflows.service import WorkflowService
from vigo.server.features.workflows.steps import Steps
from vigo.server.platform.audit.trail import Trail
from vigo.server.platform.auth.gate import Gate
from vigo.server.platform.auth.pace import Pace
from vigo.server.platform.db.database import Database
from vigo.server.platform.folder.initialise import make_service_ca, mint_admin_token, server_id
from vigo.server.platform.folder.layout import DataFolder
from vigo.server.platform.listen.listener import Listener
from vigo.server.platform.pki.authority import Authority
from vigo.server.platform.pki.keyring import Keyring
from vigo.server.platform.pki.server_certificate import ServerCertificate
from vigo.server.platform.rpc.app import RpcApp
from vigo.server.platform.settings.addresses import PublicAddresses
from vigo.server.platform.settings.model import CurrentSettings
from vigo.server.platform.telemetry.metrics import Metrics
from vigo.server.platform.web.allowance import Allowance
from vigo.server.platform.web.application import web_application
from vigo.server.platform.web.measuring import measured
from vigo.server.platform.web.repeats import Repeats
from vigo.server.platform.web.whole_events import with_whole_events

GRPC_LISTENER, API_LISTENER = "grpc", "api"


class App(msgspec.Struct, frozen=True, kw_only=True):
    """Every part of a server, ready to serve."""

    folder: DataFolder
    settings: CurrentSettings
    clock: Clock
    database: Database
    addresses: PublicAddresses
    certificate: ServerCertificate
    access: AccessService
    audit: AuditService
    generations: GenerationService
    runs: RunService
    envoys: EnvoyService
    streams: StreamService
    driver: TaskDriver
    tasks: TaskService
    scrier_driver: ScrierDriver
    scriers: ScrierService
    workflow_driver: WorkflowDriver
    workflows: WorkflowService
    secrets: SecretService
    keyring: Keyring
    keys: KeyService
    enrolment: EnrolmentService
    people: PeopleService
    history: HistoryService
    metrics: Metrics
    events: EventService
    notifications: NotificationService
    gate: Gate
    rpc: RpcApp
    web: Litestar

    def listeners(self) -> Sequence[Listener]:
        """Return where it listens: agents on one port, people and enrolling machines on the other."""
        settings, pem = self.settings.value, self.folder.server_pem
        return (
            Listener(
                name=GRPC_LISTENER,
                address=settings.grpc_listen,
                app=self.rpc,
                certificate=pem,
                key=pem,
                client_ca=self.folder.client_cas,
                grpc=True,
            ),
            Listener(
                name=API_LISTENER,
                address=settings.api_listen,
                app=measured(
                    Repeats(with_whole_events(self.web), self.clock, self.access.authenticate), self.metrics.requested
                ),
                certificate=pem,
                key=pem,
            ),
        )


def make_server_certificate(
    folder: DataFolder, settings: CurrentSettings, clock: Clock, machine_names: tuple[str, ...]
) -> None:
    """Make the server's certificate where it is missing or due, before anything serves.

    Raises:
        DamagedError: the CA cannot be used.
        UsageError: the settings name something that can stand in no certificate.
    """
    keyring = Keyring(folder, clock)  # which also brings a rotation that was cut off to where it can be used
    names = PublicAddresses(settings, machine_names).certificate_names()
    lifetime = settings.value.server_certificate_lifetime
    ServerCertificate(folder.server_pem, lambda: keyring.presenting, clock).renew_if_due(names, lifetime)


class _Opened(msgspec.Struct, frozen=True, kw_only=True):
    folder: DataFolder
    settings: CurrentSettings
    clock: Clock
    keyring: Keyring
    service_authority: Authority
    certificate: ServerCertificate
    addresses: PublicAddresses
    database: Database


def build(
    folder: DataFolder,
    settings: CurrentSettings,
    clock: Clock,
    machine_names: tuple[str, ...],
    compiler: Compile | None = None,
) -> App:
    """Return the server of an initialised data folder, whose lock the caller holds.

    Raises:
        DamagedError: a key or the database cannot be used.
        UnavailableError: the database cannot be opened.
    """
    keyring = Keyring(folder, clock)
    make_service_ca(folder, clock)
    opened = _Opened(
        folder=folder,
        settings=settings,
        clock=clock,
        keyring=keyring,
        service_authority=Authority.load(folder.service_ca_key, folder.service_ca_certificate, clock),
        certificate=ServerCertificate(folder.server_pem, lambda: keyring.presenting, clock),
        addresses=PublicAddresses(settings, machine_names),
        database=Database(folder.database),
    )
    try:
        opened.certificate.renew_if_due(
            opened.addresses.certificate_names(), settings.value.server_certificate_lifetime
        )
        return _assembled(opened, FolderCompiler(clock) if compiler is None else compiler)
    except BaseException:
        opened.database.close()
        raise


def _assembled(opened: _Opened, compiler: Compile) -> App:
    folder, settings, clock = opened.folder, opened.settings, opened.clock
    database, keyring = opened.database, opened.keyring
    trail = Trail(clock)
    api_url = opened.addresses.api_url

    def ca_sha256() -> Digest:
        return keyring.presenting.sha256

    access = AccessService(database, trail, clock, mint_admin_token(folder), ca_sha256, api_url)
    vault = opened_store(folder, settings.value, clock, asked_passphrase)
    sealer, check = Sealer(keyring, settings, clock), SecretCheck(vault)
    generations = GenerationService(folder, database, trail, sealer, compiler, check)
    generations.load()
    people = _people(opened, trail)
    identities = Identities(access, people.signing_in)
    metrics = Metrics()
    runs = RunService(database, clock, settings)
    streams = StreamService(clock)
    envoys = EnvoyService(database, trail, clock, runs, generations, streams, settings)
    driver = TaskDriver(database, trail, clock, envoys, streams, keyring)
    driver.load()
    named = NamedTasks(database, trail, generations)
    tasks = TaskService(database, trail, clock, settings, envoys, streams, driver, named)
    scrier_driver = ScrierDriver(database, trail, clock, identities, envoys, generations, streams)
    scrier_driver.load()
    recordings = Recordings(folder.recordings, folder.master_key.read_bytes())
    scriers = ScrierService(database, trail, clock, settings, envoys, scrier_driver, recordings, keyring)
    machines = Machines(envoys)
    steps = Steps(database, trail, clock, envoys, streams, tasks)
    workflow_driver = WorkflowDriver(database, trail, clock, identities, generations, envoys, machines, steps)
    workflow_driver.load()
    workflows = WorkflowService(database, trail, clock, settings, generations, machines, tasks, workflow_driver)
    bootstrap = BootstrapService(folder.packages, keyring, api_url)
    tokens = TokenService(database, trail, clock, ca_sha256, api_url, bootstrap.script_sha256)
    identity = ServerIdentity(server=server_id(folder), keyring=keyring, addresses=opened.addresses)
    keys = KeyService(database, trail, keyring, envoys, streams)
    queue = ApprovalQueue(database, trail, clock, settings, envoys)
    enrolment = EnrolmentService(database, trail, clock, settings, identity, tokens, envoys, queue)
    health = HealthService(
        folder, database, clock, settings, keys, opened.certificate, generations, envoys, people=people
    )
    vault_service = SecretService(database, trail, clock, vault, generations, envoys, streams)
    pace = Pace(clock, MOST_SIGNED_IN_A_MINUTE)
    certificates = CertificateService(database, trail, opened.service_authority, generations, envoys, pace)
    checkin = CheckInService(envoys, generations, settings, clock, keyring, vault_service.epochs.of)
    gate = Gate(envoys, identity.server, SessionId(secrets.token_hex(16)), clock)
    history = HistoryService(database, clock, settings, envoys, runs, metrics)
    pushes, planning = PushService(database, trail, envoys, streams), PlanningService(generations, envoys)
    audit, compliance = AuditService(database), ComplianceService(clock, generations, envoys, runs)
    versions: dict[str, Callable[[], object]] = {
        "fleet": lambda: (runs.noted, streams.changes, generations.live_number, len(envoys.index)),
        "runs": lambda: runs.noted,
        "generations": lambda: generations.live_number,
    }
    notifications = NotificationService(database, trail, clock, folder.notifications, Noticing(envoys), Sender().send)
    explaining = ExplainingService(generations, envoys)
    parts = Parts(
        audit=audit,
        compliance=compliance,
        enrolment=enrolment,
        envoys=envoys,
        explaining=explaining,
        generations=generations,
        health=health,
        history=history,
        keys=keys,
        notifications=notifications,
        people=people,
        planning=planning,
        pushes=pushes,
        runs=runs,
        scriers=scriers,
        secrets=vault_service,
        tasks=tasks,
        workflows=workflows,
    )
    pages, events = Pages(clock), EventService(versions, identities)
    most = settings.value.max_message_bytes
    return App(
        folder=folder,
        settings=settings,
        clock=clock,
        database=database,
        addresses=opened.addresses,
        certificate=opened.certificate,
        access=access,
        audit=audit,
        generations=generations,
        runs=runs,
        envoys=envoys,
        streams=streams,
        driver=driver,
        tasks=tasks,
        scrier_driver=scrier_driver,
        scriers=scriers,
        workflow_driver=workflow_driver,
        workflows=workflows,
        secrets=vault_service,
        keyring=keyring,
        keys=keys,
        enrolment=enrolment,
        people=people,
        history=history,
        metrics=metrics,
        events=events,
        notifications=notifications,
        gate=gate,
        rpc=RpcApp(
            [
                *checkin_rpc.methods(gate, checkin, most),
                *runs_rpc.methods(gate, runs, most),
                *enrolment_rpc.methods(gate, enrolment),
                *certificates_rpc.methods(gate, certificates),
                *secrets_rpc.methods(gate, vault_service, most),
                *streams_rpc.methods(gate, streams),
            ],
            admit=gate.admit,
            observed=metrics.called,
        ),
        web=web_application(
            [
                *enrolment_rest.routes(enrolment),
                *bootstrap_rest.routes(bootstrap),
                *access_rest.routes(access),
                *tokens_rest.routes(tokens),
                *generations_rest.routes(generations),
                *runs_rest.routes(runs),
                *envoys_rest.routes(envoys),
                *pushes_rest.routes(pushes),
                *tasks_rest.routes(tasks),
                *scriers_rest.routes(scriers),
                *workflows_rest.routes(workflows),
                *certificates_rest.routes(certificates),
                *keys_rest.routes(keys),
                *secrets_rest.routes(vault_service),
                *health_rest.routes(health),
                *planning_rest.routes(planning),
                *schemas_rest.routes(SchemaService()),
                *people_rest.routes(people),
                *audit_rest.routes(audit),
                *compliance_rest.routes(compliance),
                *explaining_rest.routes(explaining),
                *history_rest.routes(history),
                *events_rest.routes(events),
                *notifications_rest.routes(notifications),
                *metrics_rest.routes(MetricsService(metrics, clock, folder, envoys, keys, opened.certificate)),
            ],
            page_routes(pages, parts),
            identities,
            pages.on_error,
            Allowance(clock, settings).take,
        ),
    )


def _people(opened: _Opened, trail: Trail) -> PeopleService:
    """Return who knows everybody, and lets them in."""
    database, clock = opened.database, opened.clock
    directory = Directory(database.read_now(everybody), database.read_now(sessions))
    passwords, codes = Passwords(), OneTimeCodes(opened.folder.master_key.read_bytes())
    signing_in = SigningIn(database, trail, clock, opened.settings, directory, passwords, codes)
    return PeopleService(database, trail, clock, directory, passwords, signing_in)

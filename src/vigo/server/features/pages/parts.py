"""The services that pages show, and nothing behind these."""

import msgspec

from vigo.server.features.audit.service import AuditService
from vigo.server.features.compliance.service import ComplianceService
from vigo.server.features.enrolment.service import EnrolmentService
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.explaining.service import ExplainingService
from vigo.server.features.generations.service import GenerationService
from vigo.server.features.health.service import HealthService
from vigo.server.features.history.service import HistoryService
from vigo.server.features.keys.service import KeyService
from vigo.server.features.notifications.service import NotificationService
from vigo.server.features.people.service import PeopleService
from vigo.server.features.planning.service import PlanningService
from vigo.server.features.pushes.service import PushService
from vigo.server.features.runs.service import RunService
from vigo.server.features.scriers.service import ScrierService
from vigo.server.features.secrets.service import SecretService
from vigo.server.features.tasks.service import TaskService
from vigo.server.features.workflows.service import WorkflowService


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that some page asks."""

    audit: AuditService
    compliance: ComplianceService
    enrolment: EnrolmentService
    envoys: EnvoyService
    explaining: ExplainingService
    generations: GenerationService
    health: HealthService
    history: HistoryService
    keys: KeyService
    notifications: NotificationService
    people: PeopleService
    planning: PlanningService
    pushes: PushService
    runs: RunService
    scriers: ScrierService
    secrets: SecretService
    tasks: TaskService
    workflows: WorkflowService

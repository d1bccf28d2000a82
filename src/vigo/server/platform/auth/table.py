"""The one authorisation table: every gRPC method and REST route, and what it takes to use it.

A route without a row is refused; a test enumerates the routes and compares.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from vigo.core.enrolment import (
    BOOTSTRAP_PATH,
    CA_PATH,
    ENROL_PATH,
    PACKAGES_PATH,
    RETURN_PATH,
    SERVICE_CA_PATH,
    TRUST_PATH,
)
from vigo.core.wire.messages import Methods


class Kind(StrEnum):
    """What a caller must be."""

    ANYONE = "anyone"
    ENVOY = "envoy"
    """An enrolled machine, by its certificate and its signature."""
    PERSON = "person"
    """Someone with a token or signed in, by their permissions."""
    SIGNED_IN = "signed-in"
    """Someone who is signed in, whatever they may do: it is about themselves."""


class Permission(StrEnum):
    """What a person may do."""

    READ_ENVOYS = "envoys:read"
    REVOKE_ENVOYS = "envoys:revoke"
    PUSH_ENVOYS = "envoys:push"
    """Having envoys check in now."""
    READ_TASKS = "tasks:read"
    """Seeing what was run on machines, and what it printed."""
    QUERY_ENVOYS = "envoys:query"
    """Asking machines what they know of themselves; reading the answers takes tasks:read."""
    RUN_TASKS = "tasks:run"
    """Running commands on machines as their root; cancelling them too."""
    OPEN_SCRIERS = "scriers:open"
    """Opening sessions on machines, as far as scrier.vgo allows it."""
    READ_SCRIERS = "scriers:read"
    """Seeing who had sessions where."""
    WATCH_SCRIERS = "scriers:watch"
    """Seeing what is and was shown in them."""
    END_SCRIERS = "scriers:end"
    """Ending those of others."""
    RUN_NAMED_TASKS = "tasks:run-named"
    """Running tasks that the stacks declare, as far as these allow it; cancelling them too."""
    READ_WORKFLOWS = "workflows:read"
    """Seeing what workflows are declared, and how far each run is."""
    RUN_WORKFLOWS = "workflows:run"
    """Running workflows of the stacks, as far as these allow it; ending their runs too."""
    APPROVE_WORKFLOWS = "workflows:approve"
    """Approving the steps that wait for it, as far as the stacks allow it."""
    READ_RUNS = "runs:read"
    READ_TOKENS = "tokens:read"
    WRITE_TOKENS = "tokens:write"
    READ_KEYS = "keys:read"
    """Seeing the CA and the policy key, and how far each is replaced."""
    ROTATE_KEYS = "keys:rotate"
    """Replacing them."""
    READ_ENROLMENTS = "enrolments:read"
    """Seeing which machines ask to be let in without a token."""
    DECIDE_ENROLMENTS = "enrolments:decide"
    """Letting them in, or denying it."""
    READ_GENERATIONS = "generations:read"
    VALIDATE_STACKS = "generations:validate"
    PUBLISH_GENERATIONS = "generations:publish"
    """Going back to a former generation too."""
    FREEZE_GENERATIONS = "generations:freeze"
    """Ending a freeze too."""
    READ_ACCESS_TOKENS = "access-tokens:read"
    WRITE_ACCESS_TOKENS = "access-tokens:write"
    READ_USERS = "users:read"
    """Seeing who may sign in, and what they may do."""
    WRITE_USERS = "users:write"
    """Making people, giving them roles, ending their sessions. Nobody gives a right that they do not have."""
    READ_COMPLIANCE = "compliance:read"
    """Seeing which controls of frameworks machines meet; it shows their names, so the service asks for envoys:read."""
    READ_AUDIT = "audit:read"
    """Seeing who did what."""
    SEND_NOTIFICATIONS = "notifications:send"
    """Trying channels, and sending again what nobody took."""
    READ_HEALTH = "health:read"
    """Seeing how the server itself is; its metrics too."""
    READ_SECRETS = "secrets:read"
    """Seeing which secrets there are and when they changed; not what they are."""
    WRITE_SECRETS = "secrets:write"
    """Giving secrets new values, removing them, and putting the local vault under another key."""
    REVEAL_SECRETS = "secrets:reveal"
    """Seeing the values of secrets; exporting them too."""


class Rule(NamedTuple):
    """One row."""

    kind: Kind
    permission: Permission | None = None


GRPC: Final = "GRPC"
WEB_SOCKET: Final = "WEBSOCKET"

_ANYONE = Rule(Kind.ANYONE)
_ENVOY = Rule(Kind.ENVOY)
_SIGNED_IN = Rule(Kind.SIGNED_IN)


def _person(permission: Permission) -> Rule:
    return Rule(Kind.PERSON, permission)


TABLE: Final[dict[tuple[str, str], Rule]] = {
    (GRPC, Methods.HELLO): _ENVOY,
    (GRPC, Methods.CHECK_IN): _ENVOY,
    (GRPC, Methods.REPORT_RESULT): _ENVOY,
    (GRPC, Methods.RENEW_CERTIFICATE): _ENVOY,
    (GRPC, Methods.RESOLVE_SECRETS): _ENVOY,
    (GRPC, Methods.SIGN_CERTIFICATE): _ENVOY,
    (GRPC, Methods.AGENT_STREAM): _ENVOY,
    ("GET", "/"): _ANYONE,
    ("GET", "/sign-in"): _ANYONE,
    ("POST", "/sign-in"): _ANYONE,
    ("GET", "/static/{name}"): _ANYONE,
    ("POST", "/sign-out"): _SIGNED_IN,
    ("GET", "/account"): _SIGNED_IN,
    ("POST", "/account/password"): _SIGNED_IN,
    ("POST", "/account/codes/offer"): _SIGNED_IN,
    ("POST", "/account/codes/take"): _SIGNED_IN,
    ("GET", "/fleet"): _person(Permission.READ_ENVOYS),
    ("GET", "/envoys/{name}"): _person(Permission.READ_ENVOYS),
    ("GET", "/envoys/{name}/explain"): _person(Permission.VALIDATE_STACKS),
    ("POST", "/envoys/{name}/push"): _person(Permission.PUSH_ENVOYS),
    ("POST", "/envoys/{name}/tasks"): _person(Permission.RUN_TASKS),
    ("POST", "/envoys/{name}/sessions"): _person(Permission.OPEN_SCRIERS),
    ("POST", "/envoys/{name}/revoke"): _person(Permission.REVOKE_ENVOYS),
    ("GET", "/runs"): _person(Permission.READ_RUNS),
    ("GET", "/runs/{run_id}"): _person(Permission.READ_RUNS),
    ("GET", "/generations"): _person(Permission.READ_GENERATIONS),
    ("GET", "/generations/plan"): _person(Permission.VALIDATE_STACKS),
    ("GET", "/generations/{number}"): _person(Permission.READ_GENERATIONS),
    ("POST", "/generations/{number}/rollback"): _person(Permission.PUBLISH_GENERATIONS),
    ("GET", "/tasks"): _person(Permission.READ_TASKS),
    ("POST", "/tasks"): _person(Permission.RUN_TASKS),
    ("GET", "/tasks/{task_id}"): _person(Permission.READ_TASKS),
    ("POST", "/tasks/{task_id}/cancel"): _person(Permission.READ_TASKS),
    ("POST", "/tasks/{task_id}/rerun"): _person(Permission.READ_TASKS),
    ("POST", "/named-tasks/{name}"): _person(Permission.RUN_NAMED_TASKS),
    ("GET", "/workflows"): _person(Permission.READ_WORKFLOWS),
    ("POST", "/workflows/{name}/runs"): _person(Permission.RUN_WORKFLOWS),
    ("GET", "/workflow-runs/{run_id}"): _person(Permission.READ_WORKFLOWS),
    ("POST", "/workflow-runs/{run_id}/approve"): _person(Permission.APPROVE_WORKFLOWS),
    ("POST", "/workflow-runs/{run_id}/abort"): _person(Permission.RUN_WORKFLOWS),
    ("GET", "/sessions"): _person(Permission.READ_SCRIERS),
    ("GET", "/sessions/{scrier_id}"): _person(Permission.READ_SCRIERS),
    ("POST", "/sessions/{scrier_id}/end"): _person(Permission.READ_SCRIERS),
    ("GET", "/people"): _person(Permission.READ_USERS),
    ("POST", "/people"): _person(Permission.WRITE_USERS),
    ("POST", "/people/{name}"): _person(Permission.WRITE_USERS),
    ("POST", "/people/{name}/remove"): _person(Permission.WRITE_USERS),
    ("GET", "/enrolments"): _person(Permission.READ_ENROLMENTS),
    ("POST", "/enrolments/{name}/approve"): _person(Permission.DECIDE_ENROLMENTS),
    ("POST", "/enrolments/{name}/deny"): _person(Permission.DECIDE_ENROLMENTS),
    ("GET", "/compliance"): _person(Permission.READ_COMPLIANCE),
    ("GET", "/compliance/{framework}"): _person(Permission.READ_COMPLIANCE),
    ("GET", "/audit"): _person(Permission.READ_AUDIT),
    ("GET", "/secrets"): _person(Permission.READ_SECRETS),
    ("GET", "/server"): _person(Permission.READ_HEALTH),
    ("POST", "/notifications/{delivery_id}/retry"): _person(Permission.SEND_NOTIFICATIONS),
    ("POST", "/notification-channels/{name}/test"): _person(Permission.SEND_NOTIFICATIONS),
    ("GET", "/healthz"): _ANYONE,
    ("GET", "/api/v1/openapi.json"): _ANYONE,
    ("GET", "/api/v1/schemas"): _ANYONE,
    ("GET", "/api/v1/schemas/{name}"): _ANYONE,
    ("GET", CA_PATH): _ANYONE,
    ("GET", SERVICE_CA_PATH): _ANYONE,
    ("GET", TRUST_PATH): _ANYONE,
    ("GET", BOOTSTRAP_PATH): _ANYONE,
    ("GET", f"{PACKAGES_PATH}/{{name}}"): _ANYONE,
    ("POST", ENROL_PATH): _ANYONE,
    ("POST", RETURN_PATH): _ANYONE,
    ("GET", "/api/v1/envoys"): _person(Permission.READ_ENVOYS),
    ("GET", "/api/v1/envoys/{name}"): _person(Permission.READ_ENVOYS),
    # What stands in the stacks, so it takes more than to see envoys; the service asks for that right too.
    ("GET", "/api/v1/envoys/{name}/explain"): _person(Permission.VALIDATE_STACKS),
    ("GET", "/api/v1/fleet"): _person(Permission.READ_ENVOYS),
    ("GET", "/api/v1/fleet/groups"): _person(Permission.READ_ENVOYS),
    ("GET", "/api/v1/fleet/history"): _person(Permission.READ_ENVOYS),
    ("GET", "/api/v1/events"): _person(Permission.READ_ENVOYS),
    ("GET", "/api/v1/fleet/envoys"): _person(Permission.READ_ENVOYS),
    ("POST", "/api/v1/envoys/{name}/revoke"): _person(Permission.REVOKE_ENVOYS),
    # It shows who is meant, so the service asks for envoys:read too.
    ("POST", "/api/v1/pushes"): _person(Permission.PUSH_ENVOYS),
    # It shows who is meant, so the service asks for envoys:read too.
    ("POST", "/api/v1/tasks"): _person(Permission.RUN_TASKS),
    ("GET", "/api/v1/named-tasks"): _person(Permission.READ_TASKS),
    ("POST", "/api/v1/named-tasks"): _person(Permission.RUN_NAMED_TASKS),
    ("POST", "/api/v1/queries"): _person(Permission.QUERY_ENVOYS),
    ("GET", "/api/v1/secrets"): _person(Permission.READ_SECRETS),
    ("PUT", "/api/v1/secrets/{path}"): _person(Permission.WRITE_SECRETS),
    ("DELETE", "/api/v1/secrets/{path}"): _person(Permission.WRITE_SECRETS),
    ("GET", "/api/v1/secret-versions/{path}"): _person(Permission.READ_SECRETS),
    ("POST", "/api/v1/secret-values/{path}"): _person(Permission.REVEAL_SECRETS),
    ("POST", "/api/v1/secret-exports"): _person(Permission.REVEAL_SECRETS),
    ("GET", "/api/v1/sealing-key"): _person(Permission.WRITE_SECRETS),
    ("POST", "/api/v1/vault-keys"): _person(Permission.WRITE_SECRETS),
    ("GET", "/api/v1/tasks"): _person(Permission.READ_TASKS),
    ("GET", "/api/v1/tasks/{task_id}"): _person(Permission.READ_TASKS),
    ("GET", "/api/v1/tasks/{task_id}/events"): _person(Permission.READ_TASKS),
    # What a task is decides which right it takes too: the service asks for tasks:run or envoys:query.
    ("POST", "/api/v1/tasks/{task_id}/cancel"): _person(Permission.READ_TASKS),
    ("POST", "/api/v1/tasks/{task_id}/rerun"): _person(Permission.READ_TASKS),
    ("GET", "/api/v1/saved-queries"): _person(Permission.READ_TASKS),
    ("GET", "/api/v1/workflows"): _person(Permission.READ_WORKFLOWS),
    # It shows who is meant, so the service asks for envoys:read too, and for the right to what its steps do.
    ("POST", "/api/v1/workflow-runs"): _person(Permission.RUN_WORKFLOWS),
    ("GET", "/api/v1/workflow-runs"): _person(Permission.READ_WORKFLOWS),
    ("GET", "/api/v1/workflow-runs/{run_id}"): _person(Permission.READ_WORKFLOWS),
    ("GET", "/api/v1/workflow-runs/{run_id}/events"): _person(Permission.READ_WORKFLOWS),
    # They show the run, so the service asks for workflows:read too.
    ("POST", "/api/v1/workflow-runs/{run_id}/approve"): _person(Permission.APPROVE_WORKFLOWS),
    ("POST", "/api/v1/workflow-runs/{run_id}/abort"): _person(Permission.RUN_WORKFLOWS),
    ("POST", "/api/v1/scriers"): _person(Permission.OPEN_SCRIERS),
    ("GET", "/api/v1/scriers"): _person(Permission.READ_SCRIERS),
    ("GET", "/api/v1/scriers/{scrier_id}"): _person(Permission.READ_SCRIERS),
    ("GET", "/api/v1/scriers/{scrier_id}/recording"): _person(Permission.WATCH_SCRIERS),
    # One's own may be ended without it; the service asks.
    ("POST", "/api/v1/scriers/{scrier_id}/end"): _person(Permission.READ_SCRIERS),
    (WEB_SOCKET, "/api/v1/scriers/{scrier_id}/terminal"): _person(Permission.OPEN_SCRIERS),
    ("GET", "/api/v1/runs"): _person(Permission.READ_RUNS),
    ("GET", "/api/v1/runs/{run_id}"): _person(Permission.READ_RUNS),
    ("GET", "/api/v1/tokens"): _person(Permission.READ_TOKENS),
    ("POST", "/api/v1/tokens"): _person(Permission.WRITE_TOKENS),
    ("DELETE", "/api/v1/tokens/{token_id}"): _person(Permission.WRITE_TOKENS),
    ("GET", "/api/v1/keys"): _person(Permission.READ_KEYS),
    ("POST", "/api/v1/keys/{subject}/rotate"): _person(Permission.ROTATE_KEYS),
    ("POST", "/api/v1/keys/{subject}/switch"): _person(Permission.ROTATE_KEYS),
    ("POST", "/api/v1/keys/{subject}/retire"): _person(Permission.ROTATE_KEYS),
    ("POST", "/api/v1/keys/{subject}/cancel"): _person(Permission.ROTATE_KEYS),
    ("GET", "/api/v1/enrolments"): _person(Permission.READ_ENROLMENTS),
    ("POST", "/api/v1/enrolments/{name}/approve"): _person(Permission.DECIDE_ENROLMENTS),
    ("POST", "/api/v1/enrolments/{name}/deny"): _person(Permission.DECIDE_ENROLMENTS),
    ("GET", "/api/v1/generations"): _person(Permission.READ_GENERATIONS),
    ("POST", "/api/v1/generations"): _person(Permission.PUBLISH_GENERATIONS),
    ("POST", "/api/v1/generations/validate"): _person(Permission.VALIDATE_STACKS),
    ("GET", "/api/v1/generations/status"): _person(Permission.READ_GENERATIONS),
    ("POST", "/api/v1/generations/{number}/rollback"): _person(Permission.PUBLISH_GENERATIONS),
    # What stands in the files, so it takes more than to see who published when.
    ("GET", "/api/v1/generations/{number}/changes"): _person(Permission.VALIDATE_STACKS),
    ("POST", "/api/v1/generations/freeze"): _person(Permission.FREEZE_GENERATIONS),
    ("POST", "/api/v1/generations/unfreeze"): _person(Permission.FREEZE_GENERATIONS),
    # It shows envoys and what their traits make of the stacks, so the service asks for envoys:read too.
    ("GET", "/api/v1/plan"): _person(Permission.VALIDATE_STACKS),
    ("GET", "/api/v1/access-tokens"): _person(Permission.READ_ACCESS_TOKENS),
    ("POST", "/api/v1/access-tokens"): _person(Permission.WRITE_ACCESS_TOKENS),
    ("DELETE", "/api/v1/access-tokens/{token_id}"): _person(Permission.WRITE_ACCESS_TOKENS),
    ("GET", "/api/v1/users"): _person(Permission.READ_USERS),
    ("POST", "/api/v1/users"): _person(Permission.WRITE_USERS),
    ("PATCH", "/api/v1/users/{name}"): _person(Permission.WRITE_USERS),
    ("DELETE", "/api/v1/users/{name}"): _person(Permission.WRITE_USERS),
    ("GET", "/api/v1/roles"): _person(Permission.READ_USERS),
    ("GET", "/api/v1/compliance"): _person(Permission.READ_COMPLIANCE),
    ("GET", "/api/v1/compliance/{framework}"): _person(Permission.READ_COMPLIANCE),
    ("GET", "/api/v1/audit"): _person(Permission.READ_AUDIT),
    ("GET", "/api/v1/audit/chain"): _person(Permission.READ_AUDIT),
    ("GET", "/api/v1/audit/export"): _person(Permission.READ_AUDIT),
    ("GET", "/api/v1/notification-channels"): _person(Permission.READ_HEALTH),
    ("POST", "/api/v1/notification-channels/{name}/test"): _person(Permission.SEND_NOTIFICATIONS),
    ("GET", "/api/v1/notifications"): _person(Permission.READ_HEALTH),
    ("POST", "/api/v1/notifications/{delivery_id}/retry"): _person(Permission.SEND_NOTIFICATIONS),
    ("GET", "/api/v1/health"): _person(Permission.READ_HEALTH),
    ("GET", "/metrics"): _person(Permission.READ_HEALTH),
}
"""(verb, path template) -> what it takes. A HEAD counts as its GET."""

"""The compiled plan: what one match entry yields, ready to be evaluated on any machine that the entry covers."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from vigo.core.ids import ResourceId
from vigo.core.secret_marker import written
from vigo.core.windows import Window

FORMAT = 1
"""The version of this shape; an agent refuses a bundle of a format that it does not know."""

FORMAT_WITH_SECRETS = 2
"""That of a plan with markers of secrets, which an older agent would take for data."""

OnFailure = Literal["continue", "stop"]
OnRemove = Literal["leave", "revert"]
Reconverge = Literal["events", "interval"]
"""When drift is repaired: as soon as the machine tells of it, or in the next run."""

DEFAULT_RETRY_DELAY_SECONDS = 5.0


class Origin(msgspec.Struct, frozen=True, gc=False):
    """A place in the stacks: a path below their root, line and column counted from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Condition(msgspec.Struct, frozen=True, gc=False):
    """A `when:` expression and where it stands."""

    expression: str
    origin: Origin


class Retry(msgspec.Struct, frozen=True, gc=False):
    """How many more times a resource is tried that failed, and how long the agent waits before each."""

    times: int
    delay_seconds: float = DEFAULT_RETRY_DELAY_SECONDS


class PlannedResource(msgspec.Struct, frozen=True, kw_only=True):
    """One resource of a bundle.

    `fields` holds final values in the types of the kind's schema. `templates` holds, by field name, what the machine
    still has to render: a text, a marker of a secret, or a list or map with such in it; these fields are absent from
    `fields`. Nothing else is rendered. The context is `vars` (the bundle's `scopes[configcrate]`), `traits`, and
    `locals` (`item`, `key`).
    """

    id: ResourceId
    type: str
    origin: Origin
    fields: dict[str, Any] = {}
    templates: dict[str, Any] = {}
    locals: dict[str, Any] = {}
    conditions: tuple[Condition, ...] = ()
    only_when_notified: bool = False
    immediately: bool = False
    depends_on: tuple[ResourceId, ...] = ()
    notify: tuple[ResourceId, ...] = ()
    timeout_seconds: float | None = None
    on_failure: OnFailure = "continue"
    on_remove: OnRemove = "leave"
    noop: bool = False

    @property
    def configcrate(self) -> str:
        """The configcrate that this resource belongs to."""
        return self.id.partition("/")[0]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The policy of one match entry. `resources` stand in an order that honours every dependency.

    `noop` is where the entry or its environment says that nothing shall be changed, `noop_configcrates` where single
    configcrates do. Outside of the `windows` nothing is changed either. `retries` are those of resources that are tried
    again. What is UNSET takes no place in a bundle, so that one without it has the bytes that it had before there was
    such a thing: that holds for up to 15 fields. For `reconverge` it stands for `events`. `secrets` are, by resource,
    the names of those that its fields may be made of; wherever a value of one belongs there is a marker.
    """

    format: int = FORMAT
    entry: Origin
    match: tuple[str, ...]
    environment: str | None = None
    roles: tuple[str, ...] = ()
    configcrates: tuple[str, ...] = ()
    scopes: dict[str, dict[str, Any]] = {}
    resources: tuple[PlannedResource, ...] = ()
    noop: Origin | UnsetType = UNSET
    noop_configcrates: dict[str, Origin] | UnsetType = UNSET
    windows: tuple[Window, ...] | UnsetType = UNSET
    reconverge: Reconverge | UnsetType = UNSET
    retries: dict[ResourceId, Retry] | UnsetType = UNSET
    secrets: dict[ResourceId, tuple[str, ...]] | UnsetType = UNSET

    def retry(self, resource: ResourceId) -> Retry | None:
        """Return how a resource is tried again, or None."""
        return None if self.retries is UNSET else self.retries.get(resource)

    def secrets_of(self, resource: ResourceId) -> tuple[str, ...]:
        """Return the names of the secrets that a resource may be made of."""
        return () if self.secrets is UNSET else self.secrets.get(resource, ())

    def secret_names(self) -> frozenset[str]:
        """Return the names of all secrets that a machine with this plan may ask for."""
        return (
            frozenset() if self.secrets is UNSET else frozenset(name for one in self.secrets.values() for name in one)
        )

    def in_words(self) -> "Plan":
        """Return the plan as it is shown to people and tried without a machine: with references instead of markers."""
        if self.secrets is UNSET:
            return self
        resources = tuple(
            msgspec.structs.replace(one, templates=written(one.templates), locals=written(one.locals))
            for one in self.resources
        )
        return msgspec.structs.replace(self, resources=resources, scopes=written(self.scopes))

"""A plan for a fleet, as programs and people read it. The shapes are those of the REST API and of `--json`."""

from typing import Literal

import msgspec

Action = Literal["removed", "moved", "changed", "added"]
Certainty = Literal["certain", "may_apply", "unknown"]
"""Certain, or up to what only the machine can tell, or up to traits that are not stored."""

Fate = Literal["left", "undone", "taken_over"]
"""What becomes of a resource that goes: it stays as it is, the agent undoes it, or another resource manages it."""

Coverage = Literal["kept", "gained", "lost"]
"""Whether an entry covers the envoys before and after, only after, or only before: then they are unmanaged."""


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """A field or an option of a resource, before and after; null where it is not set.

    Values are texts: a text as it is, anything else as JSON, long ones cut. `diff` compares texts of several lines.
    `note` says why a value is not shown or not known.
    """

    name: str
    before: str | None
    after: str | None
    diff: tuple[str, ...] = ()
    note: str = ""


class ResourceChange(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a resource.

    `origin` is its place in the stacks, of one that is removed in the live generation. `manages` names what it owns,
    as `path:/etc/hosts`; `unmanaged` is what nothing manages afterwards. `fate` says of what is removed, or of what a
    change leaves unmanaged, whether it stays as it is, is undone by the agent, or taken over by `taken_over_by`.
    `certainty` is `may_apply` where only the machine can tell and `unknown` where its traits are not stored; `reason`
    says more. `problem` is why a run of it would fail. Where the values differ from envoy to envoy they are those of
    `shown_for`.
    """

    action: Action
    id: str
    type: str
    origin: str
    manages: tuple[str, ...]
    certainty: Certainty
    reason: str = ""
    problem: str = ""
    fate: Fate | None = None
    taken_over_by: str | None = None
    moved_from: str | None = None
    unmanaged: tuple[str, ...] = ()
    differs_by_envoy: bool = False
    shown_for: str | None = None
    fields: tuple[FieldChange, ...] = ()


class EntryPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A match entry: `FILE:LINE` and its patterns."""

    place: str
    match: tuple[str, ...]


class EntryChange(msgspec.Struct, frozen=True, kw_only=True):
    """Entries that share no pattern: another one takes the envoys over."""

    before: EntryPlace
    after: EntryPlace


class EnvironmentChange(msgspec.Struct, frozen=True, kw_only=True):
    """The environment before and after."""

    before: str | None
    after: str | None


class RolesChange(msgspec.Struct, frozen=True, kw_only=True):
    """The roles before and after."""

    before: tuple[str, ...]
    after: tuple[str, ...]


class SettingChange(msgspec.Struct, frozen=True, kw_only=True):
    """A setting of the entry as a whole, with its environment, before and after; null where it is not set."""

    name: Literal["noop", "window", "reconverge"]
    before: str | None
    after: str | None


class ChangeGroup(msgspec.Struct, frozen=True, kw_only=True):
    """All that changes for the same envoys. An envoy is in each group of which it has the changes.

    `hosts` are the first of them, `envoys` counts all. `entries` cover them afterwards, or before where that is lost.
    `entry`, `environment` and `roles` are null where they stay, or change for other envoys too; `settings` are those
    that change. `resources` tells what is removed first; `resources_left_out` counts what the answer has no room for.
    """

    envoys: int
    hosts: tuple[str, ...]
    coverage: Coverage
    entries: tuple[EntryPlace, ...]
    entry: EntryChange | None
    environment: EnvironmentChange | None
    roles: RolesChange | None
    resources: tuple[ResourceChange, ...]
    resources_left_out: int
    settings: tuple[SettingChange, ...] = ()


class ActionCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many different resources something becomes of, and on how many envoys."""

    resources: int
    envoys: int


class ResourceCount(msgspec.Struct, frozen=True, kw_only=True):
    """On how many envoys one thing becomes of one resource."""

    action: Action
    id: str
    type: str
    fate: Fate | None
    certainty: Certainty
    envoys: int


class EnvoyCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many envoys were looked at, and of how many something is to be told.

    For `changing` ones a resource, the environment, the roles, a setting or the coverage changes; `gained` and `lost`
    are those of them that an entry covers only after or only before. Of `unknown` ones part is unknown until they check
    in. For `order_only` ones nothing changes but the order of their resources. `uncovered` ones have no entry before
    and after.
    """

    total: int
    changing: int
    gained: int
    lost: int
    unknown: int
    order_only: int
    uncovered: int


class FleetPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What would change for a fleet. It is about what is declared: what a machine is like now is not looked at.

    `resources` counts each change over all envoys, those that are removed first. Changes that the same envoys have are
    one group; groups that lose their entry come first, then those that lose resources, the largest first.
    """

    changes: bool
    envoys: EnvoyCounts
    removed: ActionCount
    moved: ActionCount
    changed: ActionCount
    added: ActionCount
    resources: tuple[ResourceCount, ...]
    resources_left_out: int
    groups: tuple[ChangeGroup, ...]
    groups_left_out: int
    unknown_hosts: tuple[str, ...]

"""Small fleets for plans: stacks before and after, machines by hostname with the traits that they told."""

from collections.abc import Mapping
from typing import Any

from tests.policy.conftest import compiled, policy_of
from vigo.catalog.scan import resource_kinds
from vigo.core.ids import EnvoyId
from vigo.core.traits import Traits
from vigo.policy.planning.answer import FieldChange, FleetPlan, ResourceChange
from vigo.policy.planning.fleet import FleetMachine, plan_fleet
from vigo.policy.planning.telling import IN_SHORT, Bounds

DEBIAN: Traits = {"os": {"id": "debian", "family": "debian", "version": "12"}}
REDHAT: Traits = {"os": {"id": "rocky", "family": "redhat", "version": "9"}}


def named(hostname: str, traits: Traits = DEBIAN) -> Traits:
    return {**traits, "network": {"hostname": hostname, "fqdn": f"{hostname}.example.com"}}


def stacks(*resources: str, entries: str = '{match: "*", configcrates: [web]}', **more: str) -> dict[str, str]:
    """Return the stacks with a configcrate `web` of resources, each a YAML map in one line."""
    lines = "".join(f"  - {one}\n" for one in resources)
    crate = (
        f"configcrate: web\nvars: {more.pop('variables', '{}')}\nresources:{' []' if not resources else ''}\n{lines}"
    )
    return {"configcrates/web.vgo": crate, "envoys.vgo": f"envoys: [{entries}]\n", **more}


def fleet_plan(
    before: Mapping[str, str] | None,
    after: Mapping[str, str],
    machines: Mapping[str, Traits | None],
    *,
    environment: str | None = None,
    bounds: Bounds = IN_SHORT,
) -> FleetPlan:
    """Return the plan for machines by hostname; of one with None no traits are stored."""
    stored = {EnvoyId(name): traits for name, traits in machines.items() if traits is not None}
    return plan_fleet(
        None if before is None else policy_of(compiled(before)),
        policy_of(compiled(after)),
        [FleetMachine(EnvoyId(name), name) for name in machines],
        lambda ids: {one: stored[one] for one in ids if one in stored},
        resource_kinds(),
        environment=environment,
        bounds=bounds,
    )


def changes(
    before: Mapping[str, str] | None, after: Mapping[str, str], traits: Traits | None = DEBIAN, host: str = "web-1"
) -> list[ResourceChange]:
    """Return what changes for one machine."""
    return [one for group in fleet_plan(before, after, {host: traits}).groups for one in group.resources]


def change(
    before: Mapping[str, str] | None, after: Mapping[str, str], traits: Traits | None = DEBIAN
) -> ResourceChange:
    """Return the only thing that changes for one machine."""
    (one,) = changes(before, after, traits)
    return one


def field(one: ResourceChange, name: str) -> FieldChange:
    """Return how a field changes."""
    return next(field for field in one.fields if field.name == name)


def told(resources: list[ResourceChange]) -> list[str]:
    """Return changes as `ACTION ID`."""
    return [f"{one.action} {one.id}" for one in resources]


def values(one: ResourceChange) -> dict[str, tuple[Any, Any]]:
    """Return the fields that change, before and after."""
    return {field.name: (field.before, field.after) for field in one.fields}


def by_host(plan: FleetPlan) -> dict[str, list[str]]:
    """Return what changes for each host, as `ACTION ID`, sorted."""
    found: dict[str, list[str]] = {}
    for group in plan.groups:
        for host in group.hosts:
            found.setdefault(host, []).extend(told(list(group.resources)))
    return {host: sorted(one) for host, one in found.items()}

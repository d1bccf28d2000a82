"""Small stacks with the whole of what they compile to: the plan of each entry, and the text of the diagnostics."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tests.policy.conftest import compiled
from vigo.core.plan import Condition, Origin, Plan, PlannedResource
from vigo.policy.diagnostics import as_text

PATHS = sorted((Path(__file__).parent / "golden").glob("*.yaml"))
RESOURCE_DEFAULTS = {
    field.encode_name: field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    for field in msgspec.structs.fields(PlannedResource)
}


class Golden(msgspec.Struct, forbid_unknown_fields=True):
    why: str
    stacks: Mapping[str, str]
    diagnostics: str = ""
    plans: list[Any] | None = None


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_stacks_compile_to_what_is_written_down(path: Path) -> None:
    golden = msgspec.convert(yaml.safe_load(path.read_text()), Golden)
    found = compiled(golden.stacks)
    plans = None if found.policy is None else [shown(found.policy.plan(entry)) for entry in found.policy.entries]
    assert as_text(found.diagnostics) == golden.diagnostics
    assert plans == golden.plans


def shown(plan: Plan) -> dict[str, Any]:
    """Return a plan as the golden files write it: places as text, and nothing that is as by default."""
    return {
        "entry": str(plan.entry),
        "match": list(plan.match),
        "environment": plan.environment,
        "roles": list(plan.roles),
        "configcrates": list(plan.configcrates),
        "scopes": plan.scopes,
        "resources": [_resource(one) for one in plan.resources],
    }


def _resource(resource: PlannedResource) -> dict[str, Any]:
    given = {
        name: _value(value)
        for name, default in RESOURCE_DEFAULTS.items()
        if (value := getattr(resource, name)) != default
    }
    return {"id": str(resource.id), **given}


def _value(value: Any) -> Any:
    if isinstance(value, Origin):
        return str(value)
    if isinstance(value, Condition):
        return f"{value.expression} ({value.origin})"
    return [_value(one) for one in value] if isinstance(value, tuple) else value

"""A field that may hold a secret gets into no argument and no summary of an operation."""

from typing import Any

import msgspec
import pytest

from tests.catalog.test_cases import PATHS, host_of
from tests.contracts.host.test_cases import loaded
from tests.security.canaries import found_in
from vigo.catalog.scan import resource_kinds
from vigo.core.errors import VigoError
from vigo.policy.fields import fields_of

CANARY = "Qz7kW9pLr3VtB5nX"
KINDS = resource_kinds()
WITH_SECRETS = [path for path in PATHS if any(one.may_be_secret for one in fields_of(KINDS[path.parent.name]).values())]


def marked(value: Any) -> Any:
    if isinstance(value, str):
        return CANARY
    if isinstance(value, dict):
        return {name: marked(one) for name, one in value.items()}
    return [marked(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("path", WITH_SECRETS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_summary_shows_what_may_be_secret(path: Any) -> None:
    kind, case = KINDS[path.parent.name], loaded(path)
    secret = {name for name, field in fields_of(kind).items() if field.may_be_secret and name in case.spec}
    values = {name: marked(value) if name in secret else value for name, value in case.spec.items()}
    try:
        spec = msgspec.convert(values, kind.spec)
        kind.validate(spec)
        ops = [msgspec.structs.replace(op, conceals=True) for op in kind.plan(spec, kind.observe(spec, host_of(case)))]
    except (VigoError, msgspec.ValidationError, TypeError, ValueError):
        return
    told = "\n".join(op.summary() for op in ops)
    arguments = "\n".join(word for op in ops for word in getattr(op, "argv", ()))
    assert found_in(arguments.encode(), {"secret": CANARY}) == [], "every user of a machine can read arguments"
    assert found_in(told.encode(), {"secret": CANARY}) == []


def test_there_are_cases_for_each_such_kind() -> None:
    kinds = {name for name, kind in KINDS.items() if any(one.may_be_secret for one in fields_of(kind).values())}
    assert {path.parent.name for path in WITH_SECRETS} == kinds

"""Which names the service CA signs for the machines of a plan."""

from collections.abc import Iterator
from typing import Any, Final

from vigo.catalog.formats.server_names import server_name
from vigo.core.errors import InvalidError
from vigo.core.plan import Plan, PlannedResource

_KIND: Final = "certificate"
_ISSUER: Final = "vigo"


def certificate_names(plan: Plan) -> frozenset[str] | None:
    """Return the names that certificates of the service CA have in a plan; None where there is no such certificate.

    What a machine renders of its traits does not count: it would be the machine that says who it is.
    """
    found = [one for one in plan.resources if one.type == _KIND and one.fields.get("issuer") == _ISSUER]
    return frozenset(name for one in found for name in _names(one)) if found else None


def _names(resource: PlannedResource) -> Iterator[str]:
    given: list[Any] = [resource.fields.get("common_name"), *(resource.fields.get("sans") or ())]
    for name in given:
        if isinstance(name, str):
            try:
                yield server_name("sans", name)
            except InvalidError:
                continue

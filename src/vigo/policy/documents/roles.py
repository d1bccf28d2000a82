"""`roles.vgo` and `roles/*.vgo`: named groups of configcrates and variables."""

from typing import Final

import msgspec

from vigo.policy.documents.reading import Reading
from vigo.policy.scalars import described, is_null
from vigo.policy.variables import Layer
from vigo.policy.yaml_tree import Mapping, Scalar, Sequence

KEYS: Final = ("includes", "configcrates", "vars", "vars_from", "case")


class Case(msgspec.Struct, frozen=True):
    """Configcrates that a machine gets where a condition over its traits holds."""

    when: Scalar
    configcrates: tuple[Scalar, ...]


class Role(msgspec.Struct, frozen=True):
    """A role as written."""

    name: Scalar
    includes: tuple[Scalar, ...]
    configcrates: tuple[Scalar, ...]
    layers: tuple[Layer, ...]
    cases: tuple[Case, ...]


def read_roles(reading: Reading, file: str) -> tuple[Role, ...]:
    """Return the roles in a file, in its order."""
    document = reading.document(file, "roles", ("roles",))
    given = None if document is None else document.get("roles")
    roles = None if given is None else reading.mapping(given, "roles")
    if roles is None:
        return ()
    return tuple(_role(reading, entry.key, entry.value) for entry in roles.entries.values())


def _role(reading: Reading, name: Scalar, node: Mapping | Scalar | Sequence) -> Role:
    role = reading.mapping(node, f"role {name.text}", KEYS) or Mapping({}, node.origin)
    return Role(
        name=name,
        includes=reading.texts(role.get("includes"), "includes"),
        configcrates=reading.texts(role.get("configcrates"), "configcrates"),
        layers=reading.layer(f"role {name.text}", role),
        cases=tuple(_cases(reading, role)),
    )


def _cases(reading: Reading, role: Mapping) -> list[Case]:
    node = role.get("case")
    if node is None or is_null(node):
        return []
    if not isinstance(node, Sequence):
        reading.error(
            node.origin, "type", f"case: expected a list of `when` and `configcrates`, found {described(node)}"
        )
        return []
    cases = []
    for item in node.items:
        case = reading.mapping(item, "case", ("when", "configcrates"))
        if case is None:
            continue
        when = reading.text(case.get("when"), "when")
        if case.get("when") is None:
            reading.error(case.origin, "missing", "case: expected `when` with a condition over traits, found none")
        if when is not None and when.text.strip() == "changed":
            message = "case: expected a condition over traits, found `changed`, which is about one resource"
            reading.error(when.origin, "type", message, "such as \"os_family('debian')\"")
        elif when is not None:
            cases.append(Case(when, reading.texts(case.get("configcrates"), "configcrates")))
    return cases

"""`configcrates/**/*.vgo`: one configcrate a file, with its default variables and its resources as written."""

import re
from typing import Final

import msgspec

from vigo.core.plan import Origin
from vigo.policy.documents.compliance import Claim, read_claims
from vigo.policy.documents.reading import Reading
from vigo.policy.documents.settings import read_noop
from vigo.policy.scalars import described, is_null
from vigo.policy.variables import Layer
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence

KEYS: Final = (
    *("configcrate", "vars", "vars_from", "foreach", "defaults", "resources", "depends_on", "before"),
    *("noop", "compliance"),
)
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


class Configcrate(msgspec.Struct, frozen=True, eq=False):
    """A configcrate as written; two of the same words are two. `is_whole`: all of it could be read.

    `noop` is where it stands that nothing of it shall be changed.
    """

    name: Scalar
    layers: tuple[Layer, ...]
    defaults: Mapping | None
    resources: tuple[Mapping, ...]
    depends_on: tuple[Scalar, ...]
    before: tuple[Scalar, ...]
    foreach: Node | None = None
    is_whole: bool = True
    claims: tuple[Claim, ...] = ()
    noop: Origin | None = None


def read_configcrate(reading: Reading, file: str) -> Configcrate | None:
    """Return the configcrate in a file, or None with an error."""
    document = reading.document(file, "configcrate", KEYS)
    if document is None:
        if file not in reading.unreadable:
            hint = "add the configcrate, or remove the file"
            reading.error(
                Origin(file, 1, 1), "missing", "expected a line `configcrate: NAME`, found an empty file", hint
            )
        return None
    name = reading.text(document.get("configcrate"), "configcrate")
    if name is None:
        if document.get("configcrate") is None:
            reading.error(document.origin, "missing", "expected a line `configcrate: NAME`, found none; add it")
        return None
    if not _NAME.fullmatch(name.text):
        reading.error(
            name.origin,
            "name",
            f"expected a name of letters, digits, `_`, `-` and `.`, at most 100, found {name.text[:60]!r}",
        )
    given = document.get("defaults")
    resources, is_whole = _resources(reading, document)
    return Configcrate(
        name=name,
        layers=reading.layer(f"configcrate {name.text}", document),
        defaults=None if given is None else reading.mapping(given, "defaults"),
        resources=resources,
        depends_on=reading.texts(document.get("depends_on"), "depends_on"),
        before=reading.texts(document.get("before"), "before"),
        foreach=document.get("foreach"),
        is_whole=is_whole,
        claims=read_claims(reading, document.get("compliance")),
        noop=read_noop(reading, document.get("noop")),
    )


def _resources(reading: Reading, document: Mapping) -> tuple[tuple[Mapping, ...], bool]:
    node = document.get("resources")
    if node is None or is_null(node):
        return (), True
    if not isinstance(node, Sequence):
        message = f"resources: expected a list of resources, found {described(node)}"
        reading.error(node.origin, "type", message, "begin each with `- name: NAME`, its fields below")
        return (), False
    found = []
    for item in node.items:
        if isinstance(item, Mapping):
            found.append(item)
        else:
            reading.error(
                item.origin, "type", f"resources: expected a map with `name` and `type`, found {described(item)}"
            )
    return tuple(found), len(found) == len(node.items)

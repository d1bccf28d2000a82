"""The traits of a machine that is made up, each in the type in which an agent reports it."""

from functools import cache
from typing import Any, Final

from msgspec import inspect

from vigo.catalog.scan import collectors
from vigo.core.nearest import did_you_mean
from vigo.core.secret_marker import written
from vigo.core.templates import TemplateError, Templates
from vigo.core.traits import Traits
from vigo.core.typed_templates import ANYTHING, alternatives, item_type, value_type
from vigo.policy.documents.reading import Reading
from vigo.policy.scalars import described
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence

_HINT: Final = "such as `os: {family: debian}`; `vigo traits` prints those of a machine"


def read_traits(reading: Reading, node: Node | None) -> Traits:
    """Return the traits in a map of sets. A plain scalar keeps its written text where the trait is a text.

    Names that this version does not know are warnings: an agent that is newer than this command may well report them.
    """
    document = None if node is None else reading.mapping(node, "traits")
    traits: Traits = {}
    for entry in () if document is None else document.entries.values():
        name, value = entry.key, entry.value
        schema = _schemas().get(name.text)
        if not isinstance(value, Mapping):
            message = f"traits: expected a map of the traits in the set {name.text!r}, found {described(value)}"
            reading.error(value.origin, "type", message, _HINT)
            continue
        if schema is None:
            message = f"traits: no set has the name {name.text!r}{did_you_mean(name.text, _schemas())}"
            reading.findings.warning(name.origin, "unknown-trait", message, hint=_HINT)
        elif not collectors()[name.text].schema.is_open:
            for key in [one.key for key, one in value.entries.items() if key not in schema]:
                message = f"traits: {name.text} has no field {key.text!r}{did_you_mean(key.text, schema)}"
                reading.findings.warning(key.origin, "unknown-trait", message, hint=_HINT)
        fields = schema or {}
        traits[name.text] = {
            key: _value(reading, one.value, fields.get(key, ANYTHING)) for key, one in value.entries.items()
        }
    return traits


def check_expression(reading: Reading, text: Scalar, what: str, example: str) -> None:
    """Refuse an expression that cannot be read, and warn of traits that this version does not know."""
    try:
        names = Templates().names_in_expression(text.text)
    except TemplateError as error:
        reading.error(text.origin, "template", f"{what}: {error}", f"such as {example}")
        return
    for name in sorted(names):
        first, *path = name.split(".")
        if first != "traits" or not path:
            continue
        schema = _schemas().get(path[0])
        message = ""
        if schema is None:
            message = f"{what}: no trait set has the name {path[0]!r}{did_you_mean(path[0], _schemas())}"
        elif path[1:] and path[1] not in schema and not collectors()[path[0]].schema.is_open:
            message = f"{what}: the traits {path[0]} have no field {path[1]!r}{did_you_mean(path[1], schema)}"
        if message:
            reading.findings.warning(
                text.origin, "unknown-trait", message, hint="`vigo traits` prints those of a machine"
            )


def _value(reading: Reading, node: Node, expected: inspect.Type) -> Any:
    if isinstance(node, Sequence):
        return [_value(reading, item, item_type(expected)) for item in node.items]
    if isinstance(node, Mapping):
        types = _fields_of(expected)
        of_all = value_type(expected)
        return {key: _value(reading, one.value, types.get(key, of_all)) for key, one in node.entries.items()}
    return node.text if _is_text(node, expected) else written(reading.plain(node))


def _is_text(node: Scalar, expected: inspect.Type) -> bool:
    accepted = alternatives(expected)
    takes_null = any(isinstance(one, inspect.NoneType) for one in accepted) and node.text in ("", "~", "null")
    return any(isinstance(one, inspect.StrType) for one in accepted) and not takes_null


def _fields_of(expected: inspect.Type) -> dict[str, inspect.Type]:
    structs = (one for one in alternatives(expected) if isinstance(one, inspect.StructType))
    return {field.encode_name: field.type for one in structs for field in one.fields}


@cache
def _schemas() -> dict[str, dict[str, inspect.Type]]:
    return {name: _fields_of(inspect.type_info(collector.schema)) for name, collector in collectors().items()}

"""The schema of a machine's traits, as a test makes them up: each with what it tells, whatever its value."""

import re
from typing import Any

from msgspec import inspect

from vigo.catalog.scan import collectors
from vigo.core.typed_templates import LIST_TYPES, alternatives
from vigo.policy.schemas.parts import Schema


def traits_schema() -> Schema:
    """Return the schema of all sets of traits.

    Other names are taken too, as the compiler does: an agent may be newer than this.
    """
    return {
        "description": "The machine's traits, as `vigo traits` prints them; only those that the stacks ask for.",
        "type": ["object", "null"],
        "examples": [{"os": {"family": "debian", "version": "12"}}],
        "properties": {
            name: {"description": about(one.schema), **_fields(inspect.type_info(one.schema))}
            for name, one in collectors().items()
        },
    }


def about(documented: type) -> str:
    """Return the first paragraph of a docstring; what points into the code says nothing to an operator."""
    text = " ".join((documented.__doc__ or "").partition("\n\n")[0].split())
    return " ".join(sentence for sentence in re.split(r"(?<=\.) ", text) if "`vigo." not in sentence)


def _fields(schema: inspect.Type) -> Schema:
    fields = schema.fields if isinstance(schema, inspect.StructType) else ()
    return {"type": "object", "properties": {field.encode_name: _field(field.type) for field in fields}}


def _field(expected: inspect.Type) -> Schema:
    told: dict[str, Any] = (expected.extra_json_schema or {}) if isinstance(expected, inspect.Metadata) else {}
    found: Schema = {name: told[name] for name in ("description", "examples") if name in told}
    for one in alternatives(expected):
        if isinstance(one, inspect.DictType) and isinstance(one.value_type, inspect.StructType):
            found["additionalProperties"] = _fields(one.value_type)
        elif isinstance(one, LIST_TYPES) and isinstance(one.item_type, inspect.StructType):
            found["items"] = _fields(one.item_type)
    return found

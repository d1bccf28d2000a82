"""The schema of a kind's field: the ways in which its type may be written."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import inspect

from vigo.core.typed_templates import LIST_TYPES, alternatives, item_type, value_type
from vigo.policy.fields import Field
from vigo.policy.schemas.parts import BOOLEAN, NOTHING, SCALAR, TEMPLATE, WRITTEN_BOOLEANS, Schema, any_of


def field_schema(field: Field, *, is_required: bool = False) -> Schema:
    """Return the schema of a kind's field: its type as it may be written, or a template of it."""
    note = " Required, here or in `defaults`." if is_required else ""
    schema: Schema = {"description": field.description + note}
    if field.example is not None:
        schema["examples"] = [field.example]
    takes_text = any(isinstance(one, inspect.StrType) and one.pattern is None for one in alternatives(field.type))
    return schema | any_of([*_written(field.type), *([] if takes_text else [TEMPLATE])])


def _written(expected: inspect.Type) -> list[Schema]:
    """Return the ways in which a value of a type may be written."""
    found: list[Schema] = []
    for one in alternatives(expected):
        writer = next((write for type_, write in _WRITERS if isinstance(one, type_)), None)
        found += [{}] if writer is None else writer(one)
    return found


def _written_text(one: Any) -> list[Schema]:
    # Patterns and lengths count for texts alone: a number has been read by YAML before anyone sees how it was written.
    bounds = {"pattern": one.pattern, "minLength": one.min_length}
    return [SCALAR | {name: bound for name, bound in bounds.items() if bound is not None}]


def _written_number(one: Any) -> list[Schema]:
    type_ = "integer" if isinstance(one, inspect.IntType) else "number"
    bounds = {"minimum": one.ge, "maximum": one.le}
    in_quotes = {"type": "string", "pattern": r"^[-+]?[0-9.][0-9a-fA-FoxeE+.-]*$"}
    return [{"type": type_} | {name: bound for name, bound in bounds.items() if bound is not None}, in_quotes]


def _written_list(one: Any) -> list[Schema]:
    bounds = {} if not one.min_length else {"minItems": one.min_length}
    return [{"type": "array", "items": any_of([*_written(item_type(one)), TEMPLATE])} | bounds]


def _written_map(one: Any) -> list[Schema]:
    return [{"type": "object", "additionalProperties": any_of([*_written(value_type(one)), TEMPLATE])}]


_WRITERS: Final[tuple[tuple[Any, Callable[[Any], list[Schema]]], ...]] = (
    (inspect.StrType, _written_text),
    (inspect.BoolType, lambda _: [BOOLEAN, WRITTEN_BOOLEANS]),
    (inspect.IntType | inspect.FloatType, _written_number),
    (inspect.LiteralType, lambda one: [{"enum": list(one.values)}]),
    (LIST_TYPES, _written_list),
    (inspect.DictType, _written_map),
    (inspect.NoneType, lambda _: [NOTHING]),
)

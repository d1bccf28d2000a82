"""From a resource of the plan to its kind's schema: what the machine still has to render, and the conversion."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from vigo.catalog.api import Resource, Spec
from vigo.core.errors import InvalidError
from vigo.core.plan import Condition, PlannedResource
from vigo.core.templates import TemplateError, Templates
from vigo.core.typed_templates import ANYTHING, rendered

Context = Mapping[str, Any]


def values_of(
    resource: PlannedResource, kind: Resource[Any, Any], templates: Templates, context: Context
) -> dict[str, Any]:
    """Return the resource's fields with every template rendered.

    A text field gets text, whatever the template's expression yields; elsewhere a template that is one expression
    keeps its value's own type. What a template yields is data and is not rendered again.

    Raises:
        InvalidError: a template cannot be rendered; it names the field.
    """
    if not resource.templates:
        return resource.fields
    values = dict(resource.fields)
    types = _field_types(kind.spec)
    for name, source in resource.templates.items():
        try:
            values[name] = rendered(source, types.get(name, ANYTHING), templates, context)
        except TemplateError as error:
            raise InvalidError(f"{name} ({resource.origin}): {error}{_advice(error)}") from error
    return values


def spec_of(resource: PlannedResource, kind: Resource[Any, Any], values: dict[str, Any]) -> Spec:
    """Return the values as the kind's schema.

    Raises:
        InvalidError: a value does not fit its field, which the message names.
    """
    try:
        return msgspec.convert(values, kind.spec, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidError(
            f"{_field_of(error)} ({resource.origin}): {error}; correct the field, or the variables that it uses"
        ) from error


def condition_holds(condition: Condition, templates: Templates, context: Context) -> bool:
    """Return whether a condition is true on this machine.

    Raises:
        InvalidError: it cannot be evaluated, say because this machine has no such trait.
    """
    try:
        return templates.holds(condition.expression, context)
    except TemplateError as error:
        raise InvalidError(
            f"its condition `{condition.expression}` ({condition.origin}) cannot be evaluated: {error}{_advice(error)}"
        ) from error


def _advice(error: TemplateError) -> str:
    if not error.undefined:
        return ""
    return "; `vigo traits` prints this machine's traits: test with `is defined`, or correct the name"


def _field_of(error: msgspec.ValidationError) -> str:
    _, _, path = str(error).partition("`$.")
    return path.rstrip("`") or "fields"


@cache
def _field_types(spec: type[Spec]) -> Mapping[str, inspect.Type]:
    info = inspect.type_info(spec)
    return {field.encode_name: field.type for field in info.fields} if isinstance(info, inspect.StructType) else {}

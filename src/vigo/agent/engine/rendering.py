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

Context = Mapping[str, Any]


def spec_of(resource: PlannedResource, kind: Resource[Any, Any], templates: Templates, context: Context) -> Spec:
    """Return the resource's declaration with every template rendered.

    A text field gets text, whatever the template's expression yields; elsewhere a template that is one expression
    keeps its value's own type. What a template yields is data and is not rendered again.

    Raises:
        InvalidError: a template cannot be rendered or a value does not fit its field; it names the field.
    """
    values = dict(resource.fields)
    types = _field_types(kind.spec)
    for name, source in resource.templates.items():
        try:
            values[name] = _rendered(source, types.get(name, inspect.AnyType()), templates, context)
        except TemplateError as error:
            raise InvalidError(f"{name} ({resource.origin}): {error}{_advice(error)}") from error
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


def _alternatives(expected: inspect.Type) -> tuple[inspect.Type, ...]:
    if isinstance(expected, inspect.Metadata):
        return _alternatives(expected.type)
    if isinstance(expected, inspect.UnionType):
        return tuple(one for part in expected.types for one in _alternatives(part))
    return (expected,)


def _rendered(source: Any, expected: inspect.Type, templates: Templates, context: Context) -> Any:
    if isinstance(source, str):
        value = templates.value(source, context)
        return _fitted(value, expected, templates)
    if isinstance(source, list | tuple):
        return [_rendered(item, _item_type(expected), templates, context) for item in source]
    if isinstance(source, dict):
        return {
            templates.render(key, context): _rendered(item, _value_type(expected), templates, context)
            for key, item in source.items()
        }
    return _fitted(source, expected, templates)


def _fitted(value: Any, expected: inspect.Type, templates: Templates) -> Any:
    """Return the value, written as text where only text is accepted."""
    accepted = _alternatives(expected)
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and (item := _item_type(expected)) is not _ANYTHING:
        return [_fitted(one, item, templates) for one in value]
    if isinstance(value, Mapping) and (item := _value_type(expected)) is not _ANYTHING:
        return {str(key): _fitted(one, item, templates) for key, one in value.items()}
    takes_text = any(isinstance(one, inspect.StrType) for one in accepted)
    fits_as_it_is = any(isinstance(one, _TYPES.get(type(value), ())) for one in accepted)
    # Going through the engine writes `true` and `none` as every other template would.
    return templates.render("{{ value }}", {"value": value}) if takes_text and not fits_as_it_is else value


_ANYTHING = inspect.AnyType()
_TYPES: Mapping[type, tuple[type[inspect.Type], ...]] = {
    bool: (inspect.BoolType,),
    int: (inspect.IntType, inspect.FloatType),
    float: (inspect.FloatType,),
    type(None): (inspect.NoneType,),
}
_LISTS = (inspect.ListType, inspect.VarTupleType, inspect.SetType, inspect.FrozenSetType)


def _item_type(expected: inspect.Type) -> inspect.Type:
    return next((one.item_type for one in _alternatives(expected) if isinstance(one, _LISTS)), _ANYTHING)


def _value_type(expected: inspect.Type) -> inspect.Type:
    return next((one.value_type for one in _alternatives(expected) if isinstance(one, inspect.DictType)), _ANYTHING)

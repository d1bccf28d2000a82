"""A field with templates in it, rendered into the type of its schema: when a policy is compiled, or on the machine."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from msgspec import inspect

from vigo.core.secret_marker import SecretMarker
from vigo.core.templates import NULL_FOUND, TemplateError

ANYTHING: Final = inspect.AnyType()
LIST_TYPES: Final = (inspect.ListType, inspect.VarTupleType, inspect.SetType, inspect.FrozenSetType)
_TYPES: Final[Mapping[type, tuple[type[inspect.Type], ...]]] = {
    bool: (inspect.BoolType,),
    int: (inspect.IntType, inspect.FloatType),
    float: (inspect.FloatType,),
    type(None): (inspect.NoneType,),
}


class Renderer(Protocol):
    """What renders one text; `vigo.core.templates.Templates` is one."""

    def render(self, source: str, context: Mapping[str, Any]) -> str:
        """Return the rendered text, or raise TemplateError."""
        ...

    def value(self, source: str, context: Mapping[str, Any]) -> Any:
        """Return the value of a text that is one expression, else the rendered text; or raise TemplateError."""
        ...


def rendered(source: Any, expected: inspect.Type, renderer: Renderer, context: Mapping[str, Any]) -> Any:
    """Return a text, list or map with every text in it rendered.

    A text field gets text, whatever the template's expression yields; elsewhere a template that is one expression
    keeps its value's own type. What a template yields is data and is not rendered again.

    Raises:
        TemplateError: a template cannot be rendered.
    """
    if isinstance(source, str):
        # Space around an expression is part of a text: a file's last line feed, for one.
        is_text = source != source.strip() and _takes_text(expected)
        return (
            renderer.render(source, context)
            if is_text
            else _fitted(renderer.value(source, context), expected, renderer)
        )
    if isinstance(source, list | tuple):
        item = item_type(expected)
        return [rendered(one, item, renderer, context) for one in source]
    if isinstance(source, dict):
        value = value_type(expected)
        return {renderer.render(key, context): rendered(one, value, renderer, context) for key, one in source.items()}
    return _fitted(source, expected, renderer)


def alternatives(expected: inspect.Type) -> tuple[inspect.Type, ...]:
    """Return the types that a value may have."""
    if isinstance(expected, inspect.Metadata):
        return alternatives(expected.type)
    if isinstance(expected, inspect.UnionType):
        return tuple(one for part in expected.types for one in alternatives(part))
    return (expected,)


def item_type(expected: inspect.Type) -> inspect.Type:
    """Return the type of a list's items; anything where no list is accepted."""
    return next((one.item_type for one in alternatives(expected) if isinstance(one, LIST_TYPES)), ANYTHING)


def value_type(expected: inspect.Type) -> inspect.Type:
    """Return the type of a map's values; anything where no map is accepted."""
    return next((one.value_type for one in alternatives(expected) if isinstance(one, inspect.DictType)), ANYTHING)


def _fitted(value: Any, expected: inspect.Type, renderer: Renderer) -> Any:
    """Return the value, written as text where only text is accepted."""
    if isinstance(value, str | SecretMarker):
        return value
    if isinstance(value, list | tuple) and (item := item_type(expected)) is not ANYTHING:
        return [_fitted(one, item, renderer) for one in value]
    if isinstance(value, Mapping) and (item := value_type(expected)) is not ANYTHING:
        return {str(key): _fitted(one, item, renderer) for key, one in value.items()}
    fits_as_it_is = any(isinstance(one, _TYPES.get(type(value), ())) for one in alternatives(expected))
    if fits_as_it_is or not _takes_text(expected):
        return value
    if value is None:
        raise TemplateError(NULL_FOUND, None)
    # Going through the engine writes a value as every other template would: true, 8080, a list as JSON.
    return renderer.render("{{ value }}", {"value": value})


def _takes_text(expected: inspect.Type) -> bool:
    return any(isinstance(one, inspect.StrType) for one in alternatives(expected))

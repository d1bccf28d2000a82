"""A field with templates, rendered when the policy is compiled: the same values as the agent's own rendering gives."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import inspect

from vigo.policy.fields import ANYTHING, alternatives, item_type, value_type
from vigo.policy.templating import TemplateBook

_TYPES: Final[Mapping[type, tuple[type[inspect.Type], ...]]] = {
    bool: (inspect.BoolType,),
    int: (inspect.IntType, inspect.FloatType),
    float: (inspect.FloatType,),
    type(None): (inspect.NoneType,),
}


def rendered(source: Any, expected: inspect.Type, book: TemplateBook, context: Mapping[str, Any]) -> Any:
    """Return a text, list or map with every text in it rendered.

    A text field gets text, whatever the template's expression yields; elsewhere a template that is one expression
    keeps its value's own type.

    Raises:
        TemplateError: a template cannot be rendered.
    """
    if isinstance(source, str):
        # Space around an expression is part of a text: a file's last line feed, for one.
        is_text = source != source.strip() and _takes_text(expected)
        return book.text(source, context) if is_text else _fitted(book.value(source, context), expected, book)
    if isinstance(source, list):
        item = item_type(expected)
        return [rendered(one, item, book, context) for one in source]
    if isinstance(source, dict):
        value = value_type(expected)
        return {book.text(key, context): rendered(one, value, book, context) for key, one in source.items()}
    return _fitted(source, expected, book)


def _fitted(value: Any, expected: inspect.Type, book: TemplateBook) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and (item := item_type(expected)) is not ANYTHING:
        return [_fitted(one, item, book) for one in value]
    if isinstance(value, Mapping) and (item := value_type(expected)) is not ANYTHING:
        return {str(key): _fitted(one, item, book) for key, one in value.items()}
    accepted = alternatives(expected)
    fits_as_it_is = any(isinstance(one, _TYPES.get(type(value), ())) for one in accepted)
    return book.text("{{ value }}", {"value": value}) if _takes_text(expected) and not fits_as_it_is else value


def _takes_text(expected: inspect.Type) -> bool:
    return any(isinstance(one, inspect.StrType) for one in alternatives(expected))

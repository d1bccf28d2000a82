"""How types and values are told to a person who hovers over a name or chooses from a list."""

import json
import re
from typing import Any, Final

from msgspec import inspect

from vigo.core.secret_marker import written as in_words
from vigo.core.typed_templates import LIST_TYPES, alternatives

_LONGEST: Final = 200
_MARKUP: Final = re.compile(r"[\[\]<>`\\]")
_WORDS: Final[tuple[tuple[type[inspect.Type], str], ...]] = (
    (inspect.StrType, "text"),
    (inspect.BoolType, "true or false"),
    (inspect.IntType, "whole number"),
    (inspect.FloatType, "number"),
    (inspect.StructType, "map"),
)


def type_in_words(expected: inspect.Type) -> str:
    """Return what values a type has; that one may be left out is not told.

    >>> type_in_words(inspect.type_info(list[str] | None))
    'list of text'
    """
    found = [_word(one) for one in alternatives(expected) if not isinstance(one, inspect.NoneType)]
    return " or ".join(dict.fromkeys(found)) or "nothing"


def written(value: Any) -> str:
    """Return a value on one line, as it could stand in a file; a long one is cut."""
    value = in_words(value)
    text = value if isinstance(value, str) and value and value.isprintable() else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def code(text: str) -> str:
    """Return a text as code in Markdown, whatever stands in it.

    >>> code("a`b")
    '`` a`b ``'
    """
    shown = " ".join(text.split())
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`" if shown else "``` ```"


def plain(text: str) -> str:
    """Return a text that Markdown takes for no link, image, code or HTML: stacks may be somebody else's."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def _word(one: inspect.Type) -> str:
    if isinstance(one, inspect.LiteralType):
        return "one of " + ", ".join(str(value) for value in one.values)
    if isinstance(one, LIST_TYPES):
        return f"list of {type_in_words(one.item_type)}"
    if isinstance(one, inspect.DictType):
        return f"map of {type_in_words(one.value_type)}"
    if isinstance(one, inspect.IntType) and one.ge is not None and one.le is not None:
        return f"whole number from {one.ge} to {one.le}"
    return next((word for type_, word in _WORDS if isinstance(one, type_)), "anything")

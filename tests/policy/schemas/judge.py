"""The part of JSON Schema draft 7 that our schemas use, as a judge of values."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def misfits(value: Any, schema: Any, root: Mapping[str, Any], place: str = "$") -> Iterator[str]:
    """Yield what of a value its schema refuses; `root` is the document that its references lead into."""
    if schema is False:
        yield f"{place}: nothing fits"
    if isinstance(schema, bool):
        return
    if "$ref" in schema:
        yield from misfits(value, root["definitions"][schema["$ref"].rpartition("/")[2]], root, place)
    yield from (f"{place}: {problem}" for problem in _own_problems(value, schema))
    choices = schema.get("anyOf", [])
    if choices and not any(_fits(value, one, root) for one in choices):
        yield f"{place}: {value!r} fits none of {choices}"
    for one in schema.get("allOf", []):
        if _fits(value, one["if"], root):
            yield from misfits(value, one["then"], root, place)
    for name, inside, of_inside in _parts(value, schema):
        yield from misfits(inside, of_inside, root, f"{place}{name}")


def _own_problems(value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(_is_of(value, name) for name in names):
        yield f"expected {names}, found {value!r}"
    if value not in schema.get("enum", [value]) or value != schema.get("const", value):
        yield f"{value!r} is another word"
    if isinstance(value, str) and not (re.search(schema.get("pattern", ""), value) and _is_long_enough(value, schema)):
        yield f"{value!r} is another text"
    if _is_of(value, "number") and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{value} is out of bounds"
    if isinstance(value, list) and len(value) < schema.get("minItems", 0):
        yield "too few items"
    if isinstance(value, dict):
        yield from (f"lacks {key}" for key in schema.get("required", []) if key not in value)


def _parts(value: Any, schema: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield f"[{index}]", item, schema.get("items", {})
    if isinstance(value, dict):
        for key, inside in value.items():
            yield f".{key}", inside, schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))


def _fits(value: Any, schema: Any, root: Mapping[str, Any]) -> bool:
    return next(misfits(value, schema, root), None) is None


def _is_of(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _is_long_enough(text: str, schema: Mapping[str, Any]) -> bool:
    return len(text) >= int(schema.get("minLength", 0))

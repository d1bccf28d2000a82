"""What the schemas of all documents are made of: names, variables, maps with known keys.

A schema is the milder of the two judges: it shall refuse no file that the compiler takes. Source: JSON Schema draft 7,
which yaml-language-server knows best.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from vigo.core.errors import InvalidError

Schema = dict[str, Any]

# What YAML may make of a text without quotes: `0644` and `1.10` are texts to a field that takes text.
SCALAR: Final[Schema] = {"type": ["string", "number", "boolean"]}
TEMPLATE: Final[Schema] = {"type": "string", "pattern": r"\{[{%#]"}
BOOLEAN: Final[Schema] = {"type": "boolean"}
WRITTEN_BOOLEANS: Final[Schema] = {
    "type": "string",
    "pattern": "^([Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff]|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$",
}
NOTHING: Final[Schema] = {"type": "null"}
NAMES: Final[Schema] = {"anyOf": [SCALAR, {"type": "array", "items": SCALAR}, NOTHING]}
LOOP: Final[Schema] = {"anyOf": [{"type": ["array", "object"]}, TEMPLATE]}

VARIABLES: Final[Schema] = {
    "description": "Variables, by name. Maps are merged key by key; any other value replaces a weaker one.",
    "type": ["object", "null"],
    "examples": [{"port": 8080}],
}
DATA_FILES: Final[Schema] = {
    "description": "YAML or JSON files of the stacks that hold variables; the path counts from the root of the stacks.",
    "examples": [["data/sites.yaml"]],
    **NAMES,
}


def crates(description: str) -> Schema:
    """Return the schema of a list of configcrates."""
    return {"description": description, "examples": [["web"]], **NAMES}


LAYER: Final[Schema] = {"vars": VARIABLES, "vars_from": DATA_FILES}


def map_of(title: str, keys: Iterable[str], known: Mapping[str, Schema], *, required: tuple[str, ...] = ()) -> Schema:
    """Return the schema of a map with these keys and no others.

    Raises:
        InvalidError: what `described` says.
    """
    properties = described(title, keys, known)
    return document(title, properties) | ({"type": "object", "required": list(required)} if required else {})


def named(title: str, key: str, one: Schema) -> Schema:
    """Return the schema of a document that holds things of one sort by their names, below one key."""
    every = {"description": f"{title} by name.", "type": ["object", "null"], "additionalProperties": one}
    return document(title, {key: every})


def document(title: str, properties: Schema) -> Schema:
    """Return the schema of a document, which may be empty."""
    return {"title": title, "type": ["object", "null"], "properties": properties, "additionalProperties": False}


def described(what: str, keys: Iterable[str], known: Mapping[str, Schema]) -> Schema:
    """Return the schema of each key in the order in which the compiler names them.

    Raises:
        InvalidError: a key has no schema here, or a schema belongs to no key.
    """
    ordered = tuple(keys)
    if different := sorted(known.keys() ^ set(ordered)):
        raise InvalidError(
            f"{what}: expected a schema in vigo/policy/schemas for each key and no other,"
            f" found the difference {different}"
        )
    return {key: known[key] for key in ordered}


def any_of(schemas: list[Schema]) -> Schema:
    """Return the schema of what fits one of several, each of them once."""
    once = [schema for index, schema in enumerate(schemas) if schema not in schemas[:index]]
    if {} in once:
        return {}
    return once[0] if len(once) == 1 else {"anyOf": once}

"""What may stand at a path of a document, by its schema: keys with what they say, and words that a value may be."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from vigo.policy.editing.cursor import Cursor
from vigo.policy.schemas.pages import schema_for, schemas
from vigo.policy.schemas.parts import Schema

_RESOURCE: Final = ("resources", None)
_OPTION: Final = "option."


class Offered(msgspec.Struct, frozen=True):
    """A key or a word that may stand somewhere: what it says, an example, and what holds where it is left out."""

    name: str
    description: str = ""
    example: Any = None
    default: Any = None


class Shapes:
    """The schemas that hold at a place: several where a value may be written in several ways, none where any fits."""

    def __init__(self, root: Schema, found: Iterable[Schema]) -> None:
        self._root = root
        self._found = list(found)

    def keys(self) -> dict[str, Offered]:
        """Return the keys that a map may have here, in the order of the schema."""
        offered: dict[str, Offered] = {}
        for schema in self._found:
            for key, one in schema.get("properties", {}).items():
                whole = self._resolved(one)
                if key not in offered or whole.get("description"):
                    offered[key] = _offered(key, whole)
        return offered

    def required(self) -> frozenset[str]:
        """Return the keys without which a map is refused here."""
        return frozenset(key for schema in self._found for key in schema.get("required", ()))

    def words(self) -> list[Offered]:
        """Return the words that a value may be here."""
        found: dict[str, Offered] = {}
        for schema in self._found:
            for word in schema.get("enum", ()):
                kind = self._root.get("definitions", {}).get(word, {}) if "allOf" not in schema else {}
                found.setdefault(str(word), Offered(str(word), kind.get("description", "")))
            if schema.get("type") == "boolean":
                found |= {word: Offered(word) for word in ("true", "false")}
        return list(found.values())

    def first_of_items(self) -> str | None:
        """Return the key that the items of a list begin with, where they are maps that need one."""
        items = (schema["items"] for schema in self._found if isinstance(schema.get("items"), Mapping))
        return next((one["required"][0] for one in map(self._resolved, items) if one.get("required")), None)

    @property
    def is_list(self) -> bool:
        """Whether a list may stand here, and no map."""
        kinds = {kind for schema in self._found for kind in _types(schema)}
        return "array" in kinds and "object" not in kinds

    def described(self) -> Offered | None:
        """Return what the value here is for, or None where the schema does not say."""
        return next((_offered("", one) for one in self._found if one.get("description")), None)

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        if reference is None:
            return schema
        found: Schema = self._root["definitions"][reference.rpartition("/")[2]]
        return found


def shapes_at(file: str, cursor: Cursor) -> Shapes | None:
    """Return the schemas that hold at a place, or None in a file that has none."""
    name = schema_for(file)
    if name is None:
        return None
    root = schemas()[name]
    found = list(_expanded(root, root, cursor, 0))
    path = cursor.path
    for depth, step in enumerate(path, 1):
        inside = [one for schema in found for one in _below(schema, step)]
        found = [one for schema in inside for one in _expanded(schema, root, cursor, depth)]
        if name == "configcrate" and path[:depth] == _RESOURCE and _kind_of(cursor, depth, root) is None:
            found.append({"properties": _options(root)})
    return Shapes(root, found)


def _options(root: Schema) -> Schema:
    """Return the options of resources, which are known before the kind is."""
    definitions = root["definitions"]
    return {key.removeprefix(_OPTION): one for key, one in definitions.items() if key.startswith(_OPTION)}


def _kind_of(cursor: Cursor, depth: int, root: Schema) -> str | None:
    written = cursor.keys(depth).get("type")
    return written if written in root["definitions"]["resource"]["properties"]["type"]["enum"] else None


def _below(schema: Schema, step: str | None) -> Iterator[Schema]:
    if step is None:
        if isinstance(schema.get("items"), Mapping):
            yield schema["items"]
        return
    inside = schema.get("properties", {}).get(step, schema.get("additionalProperties"))
    if isinstance(inside, Mapping):
        yield dict(inside)


def _expanded(schema: Schema, root: Schema, cursor: Cursor, depth: int) -> Iterator[Schema]:
    """Yield a schema, each way in which its values may be written, and what holds for the kind that is named."""
    if "$ref" in schema:
        target = root["definitions"][schema["$ref"].rpartition("/")[2]]
        yield from _expanded(target, root, cursor, depth)
        return
    yield schema
    for one in schema.get("anyOf", ()):
        yield from _expanded(one, root, cursor, depth)
    if "allOf" in schema:
        kind = _kind_of(cursor, depth, root)
        if kind is not None:
            yield from _expanded(root["definitions"][kind], root, cursor, depth)


def _offered(name: str, schema: Schema) -> Offered:
    examples = schema.get("examples") or [None]
    return Offered(name, schema.get("description", ""), examples[0], schema.get("default"))


def _types(schema: Schema) -> tuple[str, ...]:
    written = schema.get("type", ())
    return (written,) if isinstance(written, str) else tuple(written)

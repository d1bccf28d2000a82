"""The traits that agents report, by the names that templates and conditions use."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from vigo.catalog.scan import collectors
from vigo.core.typed_templates import LIST_TYPES, alternatives
from vigo.policy.editing.wording import type_in_words
from vigo.policy.schemas.traits import about


class Trait(msgspec.Struct, frozen=True):
    """A trait, or a set or map of them: what it tells, and of which type it is."""

    name: str
    description: str
    type: str
    example: Any = None
    schema: inspect.Type | None = None


def traits_below(path: Sequence[str]) -> tuple[Trait, ...]:
    """Return the traits right below a path, such as `os` for those that begin with `traits.os.`; all sets for none."""
    if not path:
        return tuple(_sets().values())
    found = trait_at(path)
    return () if found is None or found.schema is None else tuple(_fields(found.schema))


def trait_at(path: Sequence[str]) -> Trait | None:
    """Return the trait at a path, or None where none is known. In a map of machines' own names any name leads on."""
    found = _sets().get(path[0]) if path else None
    for name in path[1:]:
        if found is None or found.schema is None:
            return None
        inside = {one.name: one for one in _fields(found.schema)}
        found = inside.get(name) or _in_map(found.schema, name)
    return found


@cache
def _sets() -> dict[str, Trait]:
    return {
        name: Trait(name, about(one.schema), "set of traits", schema=inspect.type_info(one.schema))
        for name, one in collectors().items()
    }


def _fields(schema: inspect.Type) -> Iterator[Trait]:
    for one in alternatives(schema):
        for field in one.fields if isinstance(one, inspect.StructType) else ():
            told = (field.type.extra_json_schema or {}) if isinstance(field.type, inspect.Metadata) else {}
            examples = told.get("examples") or [None]
            yield Trait(
                field.encode_name, told.get("description", ""), type_in_words(field.type), examples[0], field.type
            )


def _in_map(schema: inspect.Type, name: str) -> Trait | None:
    """Return what stands under a name of the machine's own, such as an interface's, or at a place of a list."""
    for one in alternatives(schema):
        if isinstance(one, inspect.DictType):
            return Trait(name, "", type_in_words(one.value_type), schema=one.value_type)
        if isinstance(one, LIST_TYPES) and name.isdigit():
            return Trait(name, "", type_in_words(one.item_type), schema=one.item_type)
    return None

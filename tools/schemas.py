"""Writes docs/schema/*.json, from which an editor completes and checks `.vgo` files: `python -m tools.schemas`.

The fields of resources come from the catalogue, the keys of documents from the compiler. A schema is the milder of the
two judges: it shall refuse no file that the compiler takes. Source: JSON Schema draft 7, which yaml-language-server
knows best.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import inspect

from vigo.catalog.api import Resource
from vigo.catalog.scan import resource_kinds
from vigo.core.errors import InvalidError
from vigo.core.typed_templates import LIST_TYPES, alternatives, item_type, value_type
from vigo.policy.documents import configcrates, environments, hostcrates, roles
from vigo.policy.fields import Field, fields_of
from vigo.policy.options import FROM_DEFAULTS, OPTIONS

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "schema"

Schema = dict[str, Any]

# What YAML may make of a text without quotes: `0644` and `1.10` are texts to a field that takes text.
_SCALAR: Final[Schema] = {"type": ["string", "number", "boolean"]}
_TEMPLATE: Final[Schema] = {"type": "string", "pattern": r"\{[{%#]"}
_BOOLEAN: Final[Schema] = {"type": "boolean"}
_OLD_BOOLEANS: Final[Schema] = {"type": "string", "pattern": "^([Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff])$"}
_NOTHING: Final[Schema] = {"type": "null"}
_NAMES: Final[Schema] = {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}, _NOTHING]}
_LOOP: Final[Schema] = {"anyOf": [{"type": ["array", "object"]}, _TEMPLATE]}

_VARIABLES: Final[Schema] = {
    "description": "Variables, by name. Maps are merged key by key; any other value replaces a weaker one.",
    "type": ["object", "null"],
    "examples": [{"port": 8080}],
}
_DATA_FILES: Final[Schema] = {
    "description": "YAML or JSON files of the stacks that hold variables; the path counts from the root of the stacks.",
    "examples": [["data/sites.yaml"]],
    **_NAMES,
}


def _crates(description: str) -> Schema:
    return {"description": description, "examples": [["web"]], **_NAMES}


_LAYER: Final[Schema] = {"vars": _VARIABLES, "vars_from": _DATA_FILES}
_OPTION: Final[Mapping[str, Schema]] = {
    "name": {"description": "Its name, unique in the configcrate.", "examples": ["conf"], **_SCALAR},
    "type": {"description": "Its kind; it decides on the other fields.", "type": "string"},
    "when": {
        "description": "A condition without braces, evaluated on the machine; or `changed`: only when notified.",
        "examples": ["os_family('debian')", "changed"],
        **_SCALAR,
    },
    "depends_on": {"description": "Resources that must be done before this one.", "examples": [["nginx"]], **_NAMES},
    "before": {"description": "Resources that wait for this one.", "examples": [["running"]], **_NAMES},
    "notify": {"description": "Resources that run when this one changed.", "examples": [["reload"]], **_NAMES},
    "subscribes": {"description": "Resources whose change makes this one run.", "examples": [["conf"]], **_NAMES},
    "timeout": {
        "description": "How long the work on it may take.",
        "examples": ["30s", "5m"],
        "type": "string",
        "pattern": "^[0-9]{1,6}[smhd]$",
    },
    "on_failure": {
        "description": "`stop` skips everything that would come after it.",
        "enum": ["continue", "stop"],
        "default": "continue",
    },
    "on_remove": {
        "description": "`revert` undoes it when it disappears from the stacks; otherwise it is left as it is.",
        "enum": ["leave", "revert"],
        "default": "leave",
    },
    "noop": {
        "description": "Say what would change, change nothing.",
        "anyOf": [_BOOLEAN, _OLD_BOOLEANS],
        "default": False,
    },
    "immediately": {
        "description": "Run right behind what notified it, not at the end.",
        "anyOf": [_BOOLEAN, _OLD_BOOLEANS],
        "default": False,
    },
    "foreach": {
        "description": "A list or map: one resource for each item. Templates see `item`, and `key` of a map.",
        "examples": [["in", "out"], "{{ vars.sites }}"],
        **_LOOP,
    },
}
_CONFIGCRATE: Final[Mapping[str, Schema]] = {
    **_LAYER,
    "configcrate": {"description": "Its name.", "examples": ["web"], **_SCALAR},
    "foreach": {
        "description": "A list or map: all resources for each item. Templates see `item`, and `key` of a map.",
        "examples": ["{{ vars.sites }}"],
        **_LOOP,
    },
    "defaults": {"$ref": "#/definitions/defaults"},
    "resources": {
        "description": "What shall be on the machine, in this order where nothing else orders it.",
        "type": ["array", "null"],
        "items": {"$ref": "#/definitions/resource"},
    },
    "depends_on": _crates("Configcrates that must be done before this one."),
    "before": _crates("Configcrates that wait for this one."),
}
_ROLE: Final[Mapping[str, Schema]] = {
    **_LAYER,
    "includes": {"description": "Roles that come with it, before it.", "examples": [["base"]], **_NAMES},
    "configcrates": _crates("What a machine of this role gets."),
    "case": {
        "description": "Configcrates for machines where a condition holds.",
        "type": ["array", "null"],
        "examples": [[{"when": "os_family('debian')", "configcrates": ["apt-keys"]}]],
        "items": {
            "type": "object",
            "required": ["when"],
            "properties": {
                "when": {"description": "A condition over traits.", "examples": ["os_family('debian')"], **_SCALAR},
                "configcrates": _crates("What these machines get."),
            },
            "additionalProperties": False,
        },
    },
}
_ENVIRONMENT: Final[Mapping[str, Schema]] = {
    **_LAYER,
    "configcrates": _crates("Configcrates that it adds."),
    "exclude": _crates("Configcrates that it takes away, wherever they come from."),
}
_ENTRY: Final[Mapping[str, Schema]] = {
    **_LAYER,
    "match": {
        "description": "Hostnames, globs, and regular expressions behind `~`. The first entry that matches counts.",
        "examples": ["web-*.example.com", ["db-1", "~^edge[0-9]+$"]],
        "anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1}],
    },
    "environment": {"description": "The environment of these machines.", "examples": ["production"], **_SCALAR},
    "roles": {"description": "The roles of these machines.", "examples": [["webserver"]], **_NAMES},
    "configcrates": _crates("Configcrates beside those of the roles."),
}
_COMMON: Final[Mapping[str, Schema]] = {
    **_LAYER,
    "configcrates": _crates("What every machine gets whose entry stands in this folder or below."),
}


def main(arguments: list[str]) -> int:
    """Write the schemas; return the exit status."""
    if arguments:
        print("expected no arguments: the schemas are written into docs/schema/", file=sys.stderr)
        return 2
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


def pages() -> dict[str, str]:
    """Return the text of each schema by its file name in `docs/schema/`."""
    kinds = resource_kinds()
    found = {
        "configcrate": {
            **_map("A configcrate", configcrates.KEYS, _CONFIGCRATE, required=("configcrate",)),
            "definitions": _definitions(kinds),
        },
        "roles": _named("Roles", "roles", _map("A role", roles.KEYS, _ROLE)),
        "environments": _named("Environments", "environments", _map("An environment", environments.KEYS, _ENVIRONMENT)),
        "hostcrates": _document(
            "Entries: which machines get what",
            {
                "envoys": {
                    "description": "Entries in the order in which they are tried.",
                    "type": ["array", "null"],
                    "items": _map("An entry", hostcrates.KEYS, _ENTRY, required=("match",)),
                }
            },
        ),
        "common": _map("What a folder's entries inherit", hostcrates.COMMON_KEYS, _COMMON),
    }
    return {
        f"{name}.json": json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", **schema}, indent=1) + "\n"
        for name, schema in found.items()
    }


def field_schema(field: Field, *, is_required: bool = False) -> Schema:
    """Return the schema of a kind's field: its type as it may be written, or a template of it."""
    note = " Required, here or in `defaults`." if is_required else ""
    schema: Schema = {"description": field.description + note}
    if field.example is not None:
        schema["examples"] = [field.example]
    takes_text = any(isinstance(one, inspect.StrType) and one.pattern is None for one in alternatives(field.type))
    return schema | _any_of([*_written(field.type), *([] if takes_text else [_TEMPLATE])])


def _definitions(kinds: Mapping[str, Resource[Any, Any]]) -> Schema:
    by_kind = [
        {
            "if": {"required": ["type"], "properties": {"type": {"const": name}}},
            "then": {"$ref": f"#/definitions/{name}"},
        }
        for name in kinds
    ]
    resource = {
        "description": "One thing in one state.",
        "type": "object",
        "required": ["name", "type"],
        "properties": {
            "name": {"$ref": "#/definitions/option.name"},
            "type": {**_OPTION["type"], "enum": sorted(kinds)},
        },
        "allOf": by_kind,
    }
    options = {f"option.{name}": schema for name, schema in _described("a resource", OPTIONS, _OPTION).items()}
    return {
        "resource": resource,
        "defaults": _defaults(kinds),
        **{name: _kind(kind) for name, kind in kinds.items()},
        **options,
    }


def _kind(kind: Resource[Any, Any]) -> Schema:
    fields = fields_of(kind).values()
    return {
        "description": " ".join((kind.spec.__doc__ or "").partition("\n\n")[0].split()),
        "type": "object",
        "properties": {
            **{name: {"$ref": f"#/definitions/option.{name}"} for name in OPTIONS},
            **{
                field.name: field_schema(field, is_required=field.required and field.name != kind.name_field)
                for field in fields
            },
        },
        "additionalProperties": False,
    }


def _defaults(kinds: Mapping[str, Resource[Any, Any]]) -> Schema:
    """Return the schema of `defaults`: every kind's fields. One of several kinds takes what any of them takes."""
    found: dict[str, list[Schema]] = {}
    for kind in kinds.values():
        for field in fields_of(kind).values():
            schema = field_schema(field)
            if schema not in found.setdefault(field.name, []):
                found[field.name].append(schema)
    fields = {name: one[0] if len(one) == 1 else {"anyOf": one} for name, one in sorted(found.items())}
    options = {name: {"$ref": f"#/definitions/option.{name}"} for name in FROM_DEFAULTS}
    return {
        "description": "Fields for all resources of this configcrate that have them; a resource's own are stronger.",
        "type": ["object", "null"],
        "examples": [{"owner": "root", "mode": "0644"}],
        "properties": {**fields, **options},
        "additionalProperties": False,
    }


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
    return [_SCALAR | {name: bound for name, bound in bounds.items() if bound is not None}]


def _written_number(one: Any) -> list[Schema]:
    type_ = "integer" if isinstance(one, inspect.IntType) else "number"
    bounds = {"minimum": one.ge, "maximum": one.le}
    in_quotes = {"type": "string", "pattern": r"^[-+]?[0-9.][0-9a-fA-FoxeE+.-]*$"}
    return [{"type": type_} | {name: bound for name, bound in bounds.items() if bound is not None}, in_quotes]


def _written_list(one: Any) -> list[Schema]:
    bounds = {} if not one.min_length else {"minItems": one.min_length}
    return [{"type": "array", "items": _any_of([*_written(item_type(one)), _TEMPLATE])} | bounds]


def _written_map(one: Any) -> list[Schema]:
    return [{"type": "object", "additionalProperties": _any_of([*_written(value_type(one)), _TEMPLATE])}]


_WRITERS: Final[tuple[tuple[Any, Callable[[Any], list[Schema]]], ...]] = (
    (inspect.StrType, _written_text),
    (inspect.BoolType, lambda _: [_BOOLEAN, _OLD_BOOLEANS]),
    (inspect.IntType | inspect.FloatType, _written_number),
    (inspect.LiteralType, lambda one: [{"enum": list(one.values)}]),
    (LIST_TYPES, _written_list),
    (inspect.DictType, _written_map),
    (inspect.NoneType, lambda _: [_NOTHING]),
)


def _any_of(schemas: list[Schema]) -> Schema:
    once = [schema for index, schema in enumerate(schemas) if schema not in schemas[:index]]
    if {} in once:
        return {}
    return once[0] if len(once) == 1 else {"anyOf": once}


def _map(title: str, keys: Iterable[str], known: Mapping[str, Schema], *, required: tuple[str, ...] = ()) -> Schema:
    properties = _described(title, keys, known)
    return _document(title, properties) | ({"type": "object", "required": list(required)} if required else {})


def _named(title: str, key: str, one: Schema) -> Schema:
    every = {"description": f"{title} by name.", "type": ["object", "null"], "additionalProperties": one}
    return _document(title, {key: every})


def _document(title: str, properties: Schema) -> Schema:
    return {"title": title, "type": ["object", "null"], "properties": properties, "additionalProperties": False}


def _described(what: str, keys: Iterable[str], known: Mapping[str, Schema]) -> Schema:
    ordered = tuple(keys)
    if different := sorted(known.keys() ^ set(ordered)):
        raise InvalidError(
            f"{what}: expected a schema in tools/schemas.py for each key and no other, found the difference {different}"
        )
    return {key: known[key] for key in ordered}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

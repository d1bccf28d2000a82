"""The schema of a configcrate: its own keys, the options of all resources, and the fields of every kind."""

from collections.abc import Mapping
from typing import Any, Final

from vigo.catalog.api import Resource
from vigo.policy.documents import configcrates
from vigo.policy.fields import fields_of
from vigo.policy.options import FROM_DEFAULTS, MOST_RETRIES, OPTIONS
from vigo.policy.schemas.compliance import CLAIMS
from vigo.policy.schemas.fields import field_schema
from vigo.policy.schemas.parts import (
    BOOLEAN,
    LAYER,
    LOOP,
    NAMES,
    SCALAR,
    WRITTEN_BOOLEANS,
    Schema,
    crates,
    described,
    map_of,
)

_OPTION: Final[Mapping[str, Schema]] = {
    "name": {"description": "Its name, unique in the configcrate.", "examples": ["conf"], **SCALAR},
    "type": {"description": "Its kind; it decides on the other fields.", "type": "string"},
    "when": {
        "description": "A condition without braces, evaluated on the machine; or `changed`: only when notified.",
        "examples": ["os_family('debian')", "changed"],
        **SCALAR,
    },
    "depends_on": {"description": "Resources that must be done before this one.", "examples": [["nginx"]], **NAMES},
    "before": {"description": "Resources that wait for this one.", "examples": [["running"]], **NAMES},
    "notify": {"description": "Resources that run when this one changed.", "examples": [["reload"]], **NAMES},
    "subscribes": {"description": "Resources whose change makes this one run.", "examples": [["conf"]], **NAMES},
    "timeout": {
        "description": "How long the work on it may take.",
        "examples": ["30s", "5m"],
        "type": "string",
        "pattern": "^[0-9]{1,6}[smhd]$",
    },
    "retries": {
        "description": "How many more times it is tried where it failed or is blocked, from 0 to 10.",
        "examples": [3],
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": MOST_RETRIES},
            {"type": "string", "pattern": r"^[-+]?(0o|0x)?[0-9a-fA-F]{1,20}$"},
        ],
        "default": 0,
    },
    "retry_delay": {
        "description": "How long the agent waits before each of these.",
        "examples": ["10s"],
        "type": "string",
        "pattern": "^[0-9]{1,6}[smhd]$",
        "default": "5s",
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
        "anyOf": [BOOLEAN, WRITTEN_BOOLEANS],
        "default": False,
    },
    "immediately": {
        "description": "Run right behind what notified it, not at the end.",
        "anyOf": [BOOLEAN, WRITTEN_BOOLEANS],
        "default": False,
    },
    "foreach": {
        "description": "A list or map: one resource for each item. Templates see `item`, and `key` of a map.",
        "examples": [["in", "out"], "{{ vars.sites }}"],
        **LOOP,
    },
}
_CONFIGCRATE: Final[Mapping[str, Schema]] = {
    **LAYER,
    "configcrate": {"description": "Its name.", "examples": ["web"], **SCALAR},
    "foreach": {
        "description": "A list or map: all resources for each item. Templates see `item`, and `key` of a map.",
        "examples": ["{{ vars.sites }}"],
        **LOOP,
    },
    "defaults": {"$ref": "#/definitions/defaults"},
    "resources": {
        "description": "What shall be on the machine, in this order where nothing else orders it.",
        "type": ["array", "null"],
        "items": {"$ref": "#/definitions/resource"},
    },
    "depends_on": crates("Configcrates that must be done before this one."),
    "before": crates("Configcrates that wait for this one."),
    "noop": {
        "description": "Say what every resource of it would change, change nothing. A resource cannot undo that.",
        "anyOf": [BOOLEAN, WRITTEN_BOOLEANS],
        "default": False,
    },
    "compliance": CLAIMS,
}


def configcrate_schema(kinds: Mapping[str, Resource[Any, Any]]) -> Schema:
    """Return the schema of a file below `configcrates/`."""
    return {
        **map_of("A configcrate", configcrates.KEYS, _CONFIGCRATE, required=("configcrate",)),
        "definitions": _definitions(kinds),
    }


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
    options = {f"option.{name}": schema for name, schema in described("a resource", OPTIONS, _OPTION).items()}
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

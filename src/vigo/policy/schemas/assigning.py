"""The schemas of what gives configcrates to machines: roles, environments, entries, and what a folder inherits."""

from collections.abc import Mapping
from typing import Final

from vigo.policy.documents import environments, hostcrates, roles
from vigo.policy.schemas.parts import LAYER, NAMES, SCALAR, Schema, crates, document, map_of, named
from vigo.policy.schemas.settings import SETTINGS

_ROLE: Final[Mapping[str, Schema]] = {
    **LAYER,
    "includes": {"description": "Roles that come with it, before it.", "examples": [["base"]], **NAMES},
    "configcrates": crates("What a machine of this role gets."),
    "case": {
        "description": "Configcrates for machines where a condition holds.",
        "type": ["array", "null"],
        "examples": [[{"when": "os_family('debian')", "configcrates": ["apt-keys"]}]],
        "items": {
            "type": "object",
            "required": ["when"],
            "properties": {
                "when": {"description": "A condition over traits.", "examples": ["os_family('debian')"], **SCALAR},
                "configcrates": crates("What these machines get."),
            },
            "additionalProperties": False,
        },
    },
}
_ENVIRONMENT: Final[Mapping[str, Schema]] = {
    **LAYER,
    "configcrates": crates("Configcrates that it adds."),
    "exclude": crates("Configcrates that it takes away, wherever they come from."),
    **SETTINGS,
}
_ENTRY: Final[Mapping[str, Schema]] = {
    **LAYER,
    "match": {
        "description": "Hostnames, globs, and regular expressions behind `~`. The first entry that matches counts.",
        "examples": ["web-*.example.com", ["db-1", "~^edge[0-9]+$"]],
        "anyOf": [SCALAR, {"type": "array", "items": SCALAR, "minItems": 1}],
    },
    "environment": {"description": "The environment of these machines.", "examples": ["production"], **SCALAR},
    "roles": {"description": "The roles of these machines.", "examples": [["webserver"]], **NAMES},
    "configcrates": crates("Configcrates beside those of the roles."),
    **SETTINGS,
}
_COMMON: Final[Mapping[str, Schema]] = {
    **LAYER,
    "configcrates": crates("What every machine gets whose entry stands in this folder or below."),
}


def roles_schema() -> Schema:
    """Return the schema of `roles.vgo` and of the files below `roles/`."""
    return named("Roles", "roles", map_of("A role", roles.KEYS, _ROLE))


def environments_schema() -> Schema:
    """Return the schema of `environments.vgo`."""
    return named("Environments", "environments", map_of("An environment", environments.KEYS, _ENVIRONMENT))


def hostcrates_schema() -> Schema:
    """Return the schema of a file with `envoys:`."""
    entries = {
        "description": "Entries in the order in which they are tried.",
        "type": ["array", "null"],
        "items": map_of("An entry", hostcrates.KEYS, _ENTRY, required=("match",)),
    }
    return document("Entries: which machines get what", {"envoys": entries})


def common_schema() -> Schema:
    """Return the schema of a `common.vgo`."""
    return map_of("What a folder's entries inherit", hostcrates.COMMON_KEYS, _COMMON)

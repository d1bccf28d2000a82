"""The schema of `scrier.vgo`: who may open sessions where, as whom."""

from collections.abc import Mapping
from typing import Final

from vigo.policy.documents import scriers
from vigo.policy.schemas.parts import NAMES, SCALAR, Schema, document, map_of

_PORT: Final[Schema] = {"type": ["integer", "string"]}
_RULE: Final[Mapping[str, Schema]] = {
    "match": {
        "description": "The machines: hostnames or patterns, as in an entry. The first entry that matches counts.",
        "examples": ["web-*", ["*"]],
        **NAMES,
    },
    "users": {
        "description": "Operators as the audit trail names them (globs too), and the user of the machine each becomes.",
        "examples": [{"token ada": "ada", "*": "guest"}],
        "type": "object",
        "additionalProperties": {"description": "A user of the machine; never root.", **SCALAR},
    },
    "ports": {
        "description": "Ports of the machine's loopback address that the same operators may reach.",
        "examples": [[22, 5432]],
        "anyOf": [_PORT, {"type": "array", "items": _PORT}, {"type": "null"}],
    },
    "idle": {"description": "A session in which so long nothing was typed ends.", "default": "15m", **SCALAR},
    "longest": {"description": "A session ends after so long, whatever is done in it.", "default": "8h", **SCALAR},
}


def scrier_schema() -> Schema:
    """Return the schema of `scrier.vgo`."""
    entries = {
        "description": "Who may open sessions on which machines.",
        "type": ["array", "null"],
        "items": map_of("A rule of sessions", scriers.RULE_KEYS, _RULE, required=("match", "users")),
    }
    return document("Sessions on machines", {"scrier": entries})
